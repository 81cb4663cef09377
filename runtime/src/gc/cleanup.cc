// Calls lie in memory that the collector looks into, so that what they hold stays alive; their objects are known by
// number alone.
#include "gc/cleanup.h"

#include <new>
#include <utility>
#include <vector>

namespace novelo::rt {
namespace {

void drop(Closure* closure) noexcept {
  closure->~Closure();
  deallocate_traced(closure, sizeof(Closure), alignof(Closure));
}

}  // namespace

std::uint64_t CleanupTable::add(void* object, Closure&& call) {
  auto* closure = ::new (allocate_traced(sizeof(Closure), alignof(Closure))) Closure(std::move(call));
  // The object may be a part of what was allocated.
  const char* start = heap_.find(reinterpret_cast<std::uintptr_t>(object), CollectedHeap::Certainty::kMaybe).start;
  const std::uint64_t number = next_number_.fetch_add(1, relaxed);
  Shard& shard = shards_[number % kShards];
  const LockGuard guard(shard.lock);
  shard.calls.emplace(number, Call{reinterpret_cast<std::uintptr_t>(start), closure});
  return number;
}

bool CleanupTable::stop(std::uint64_t number) {
  Closure* closure = nullptr;
  {
    Shard& shard = shards_[number % kShards];
    const LockGuard guard(shard.lock);
    const auto found = shard.calls.find(number);
    if (found == shard.calls.end()) return false;
    closure = found->second.closure;
    shard.calls.erase(found);
  }
  drop(closure);
  return true;
}

void CleanupTable::find_due(Marker& marker) {
  const std::vector<CollectedHeap::Object> objects = heap_.unmarked_with_destructor();
  std::vector<Closure*> closures;
  for (Shard& shard : shards_) {
    const LockGuard guard(shard.lock);
    for (auto it = shard.calls.begin(); it != shard.calls.end();) {
      const auto* object = reinterpret_cast<const char*>(it->second.object);
      if (object == nullptr || heap_.is_marked(object)) {
        ++it;
      } else {
        closures.push_back(it->second.closure);
        it = shard.calls.erase(it);
      }
    }
  }
  const LockGuard guard(lock_);
  due_calls_.insert(due_calls_.end(), closures.begin(), closures.end());
  for (const CollectedHeap::Object& object : objects) {
    marker.shade(reinterpret_cast<std::uintptr_t>(object.start));
    due_objects_.push_back(object);
    heap_.clear_destructor(object.start);
  }
}

void CleanupTable::mark_due(Marker& marker) noexcept {
  const LockGuard guard(lock_);
  for (const CollectedHeap::Object& object : due_objects_) marker.shade(reinterpret_cast<std::uintptr_t>(object.start));
}

Closure* CleanupTable::next_call() noexcept {
  const LockGuard guard(lock_);
  if (due_calls_.empty()) return nullptr;
  Closure* closure = due_calls_.front();
  due_calls_.pop_front();
  return closure;
}

CollectedHeap::Object CleanupTable::next_object() noexcept {
  const LockGuard guard(lock_);
  if (due_objects_.empty()) return {};
  const CollectedHeap::Object object = due_objects_.front();
  due_objects_.pop_front();
  before_store(object.start,
               nullptr);  // from a place that the collector looks at to a stack it may have looked through
  return object;
}

void CleanupTable::run_and_drop(Closure* closure) {
  struct Dropped {
    Closure* closure;
    ~Dropped() { drop(closure); }
  } dropped{closure};
  (*closure)();
}

void CleanupTable::run_due() {
  // Taken from the queue the object is on this stack.
  while (const CollectedHeap::Object object = next_object()) object.layout->shape.destroy(object.start);
  while (Closure* closure = next_call()) run_and_drop(closure);
}

}  // namespace novelo::rt
