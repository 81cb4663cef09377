// PoolCore: a stack of objects for each processor, with a lock that only thieves and collections contend for. At a
// collection what is kept becomes old, and what was old goes: an object survives one collection and not two, so that a
// steady load finds its objects again and a past peak is forgotten.
#include "novelo/sync/pool.h"

#include <algorithm>
#include <new>
#include <vector>

#include "base/intrusive_list.h"
#include "base/lock.h"
#include "os/cpu_count.h"
#include "sched/collection.h"
#include "sched/machine.h"
#include "sched/processor.h"

namespace novelo::rt {
namespace {

// Objects in untyped memory, last in first out. Whoever holds the lock of its part.
class ObjectStack {
 public:
  explicit ObjectStack(const ElementType& type) noexcept : type_(&type) {}
  ObjectStack(ObjectStack&& other) noexcept
      : type_(other.type_),
        memory_(std::exchange(other.memory_, nullptr)),
        count_(std::exchange(other.count_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  ObjectStack& operator=(ObjectStack&& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(count_, other.count_);
    std::swap(capacity_, other.capacity_);
    return *this;
  }
  ~ObjectStack() {
    while (count_ > 0) type_->destroy(slot(--count_));
    release(memory_);
  }

  std::size_t count() const noexcept { return count_; }

  void push(void* element) {
    if (count_ == capacity_) grow();
    type_->move(slot(count_++), element);
  }
  void pop(void* optional) noexcept {
    void* top = slot(--count_);
    type_->deliver(optional, top);
    type_->destroy(top);
  }

 private:
  void* slot(std::size_t i) noexcept { return memory_ + i * type_->size; }
  void release(std::byte* memory) noexcept { ::operator delete(memory, std::align_val_t{type_->align}); }
  void grow() {
    const std::size_t capacity = std::max<std::size_t>(8, capacity_ * 2);
    auto* memory = static_cast<std::byte*>(
        ::operator new(std::max<std::size_t>(1, capacity * type_->size), std::align_val_t{type_->align}));
    for (std::size_t i = 0; i < count_; ++i) {
      type_->move(memory + i * type_->size, slot(i));
      type_->destroy(slot(i));
    }
    release(std::exchange(memory_, memory));
    capacity_ = capacity;
  }

  const ElementType* type_;
  std::byte* memory_ = nullptr;
  std::size_t count_ = 0;
  std::size_t capacity_ = 0;
};

struct alignas(kCacheLine) Part {
  explicit Part(const ElementType& type) noexcept : fresh(type), old(type) {}
  Lock<LockRank::kChannel> lock;
  ObjectStack fresh NOVELO_GUARDED_BY(lock);
  ObjectStack old NOVELO_GUARDED_BY(lock);
  Atomic<std::size_t> kept{0};  // in both; a hint for those who look elsewhere
};

std::size_t parts_count() {
  static const auto count = static_cast<std::size_t>(std::max(1, default_max_procs()));
  return count;
}

// All pools, for collections.
constinit Lock<LockRank::kRegistry> g_pools_lock;
constinit IntrusiveList<PoolCore::State> g_pools NOVELO_GUARDED_BY(g_pools_lock);

void collect_pools() noexcept;

}  // namespace

struct PoolCore::State : ListLink {
  explicit State(const ElementType& type) {
    for (std::size_t i = parts_count(); i > 0; --i) parts.push_back(std::make_unique<Part>(type));
  }

  std::size_t own() const noexcept {
    const PinnedProcessor p;
    return p ? static_cast<std::size_t>(p->index) % parts.size() : 0;
  }

  std::vector<std::unique_ptr<Part>> parts;
};

PoolCore::PoolCore(const ElementType& type) : state_(std::make_unique<State>(type)) {
  static const bool is_hooked = (add_collection_hook(collect_pools), true);
  static_cast<void>(is_hooked);
  const LockGuard guard(g_pools_lock);
  g_pools.push_back(*state_);
}

PoolCore::~PoolCore() {
  const LockGuard guard(g_pools_lock);
  state_->unlink();
}

bool PoolCore::get(void* optional) noexcept {
  const std::size_t own = state_->own();
  const std::size_t all = state_->parts.size();
  for (const bool is_old : {false, true}) {
    for (std::size_t i = 0; i < all; ++i) {
      Part& part = *state_->parts[(own + i) % all];
      if (part.kept.load(relaxed) == 0) continue;
      const LockGuard guard(part.lock);
      ObjectStack& from = is_old ? part.old : part.fresh;
      if (from.count() == 0) continue;
      from.pop(optional);
      part.kept.store(part.fresh.count() + part.old.count(), relaxed);
      return true;
    }
  }
  return false;
}

bool PoolCore::put(void* element) {
  Part& part = *state_->parts[state_->own()];
  const LockGuard guard(part.lock);
  if (part.fresh.count() + part.old.count() >= kPoolPartMax) return false;
  part.fresh.push(element);
  part.kept.store(part.fresh.count() + part.old.count(), relaxed);
  return true;
}

namespace {

void collect_pools() noexcept {
  std::vector<ObjectStack> dropped;  // their destructors run when no lock is held
  const LockGuard guard(g_pools_lock);
  for (PoolCore::State* pool = g_pools.front(); pool != nullptr; pool = g_pools.next(*pool)) {
    for (const auto& part : pool->parts) {
      const LockGuard part_guard(part->lock);
      if (part->fresh.count() + part->old.count() == 0) continue;
      dropped.push_back(std::move(part->old));
      part->old = std::move(part->fresh);
      part->kept.store(part->old.count(), relaxed);
    }
  }
}

}  // namespace

}  // namespace novelo::rt
