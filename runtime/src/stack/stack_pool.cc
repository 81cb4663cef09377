// One reservation instead of one mapping a stack: a process may have 65530 mappings, and a guard made by mprotect costs
// two of them. Guards are therefore made by MADV_GUARD_INSTALL (Linux 6.13), which costs none, and by mprotect where
// the kernel does not know it. The address space is made usable in batches, that of large stacks, which lie apart from
// each other, one by one: a strict overcommit policy charges what is carved, and core files hold no more.
//
// Rejected: a slot of thread size (8 MiB) for each goroutine: every goroutine would then pay a page-table page of its
// own beside its first stack page.
#include "stack/stack_pool.h"

#include <algorithm>
#include <bit>

#include "base/check.h"
#include "os/vm.h"

namespace novelo::rt {
namespace {

constexpr std::size_t kPageTableReach = std::size_t{2} << 20;  // what one page of page tables maps

// The numbers below a power of two in an order in which each is far from all before it.
std::size_t reversed(std::size_t index, std::size_t power_of_two) noexcept {
  std::size_t result = 0;
  for (std::size_t bit = power_of_two >> 1; bit != 0; bit >>= 1, index >>= 1) {
    if ((index & 1) != 0) result |= bit;
  }
  return result;
}

}  // namespace

StackPool::StackPool(StackClass kind) noexcept : kind_(kind), slot_bytes_(stack_slot_bytes(kind)) {}

bool StackPool::reserve(std::size_t slots, std::size_t bytes_max) noexcept {
  // Large ones begin in the middle of what a page of page tables maps: the top of one and the guard of the next, which
  // are both in use, then share one.
  const std::size_t skew = kind_ == StackClass::kLarge ? kPageTableReach / 2 : 0;
  const std::size_t around = skew == 0 ? 0 : 2 * kPageTableReach;
  const std::size_t fitting = bytes_max < around ? 0 : (bytes_max - around) / slot_bytes_;
  slots = std::min(std::max(slots, kSlotsMin), fitting);
  if (kind_ == StackClass::kLarge) {
    slots = std::bit_floor(slots);
  } else {
    slots = std::min((slots + kBatch - 1) / kBatch, fitting / kBatch) * kBatch;
  }
  for (; slots >= kSlotsMin; slots = slots / 4 / kBatch * kBatch) {
    const std::size_t bytes = slots * slot_bytes_ + around;
    reservation_ = static_cast<char*>(vm_reserve(bytes));
    if (reservation_ == nullptr) continue;
    base_ = reservation_;
    if (skew != 0) {
      const auto address = reinterpret_cast<std::uintptr_t>(reservation_);
      base_ += (kPageTableReach - address % kPageTableReach) % kPageTableReach + skew;
    }
    states_ = static_cast<Atomic<std::uint8_t>*>(vm_reserve(slots));
    if (states_ != nullptr && vm_make_usable(states_, slots)) {
      reserved_bytes_ = bytes;
      slots_max_ = slots;
      return true;
    }
    if (states_ != nullptr) vm_release(states_, slots);
    states_ = nullptr;
    vm_release(reservation_, bytes);
    base_ = reservation_ = nullptr;
  }
  is_used_up_.store(true, relaxed);
  return false;
}

StackPool::~StackPool() {
  if (slots_max_ == 0) return;
  vm_release(reservation_, reserved_bytes_);
  vm_release(states_, slots_max_);
}

bool StackPool::carve() noexcept {
  return kind_ == StackClass::kLarge ? carve_apart() : carve_batch();
}

// Neighbours at once; of these every other one is spared.
bool StackPool::carve_batch() noexcept {
  if (carve_next_ + kBatch > slots_max_) return false;
  if (!vm_make_usable(slot_at(carve_next_), kBatch * slot_bytes_)) return false;
  for (std::size_t i = carve_next_ + kBatch; i-- > carve_next_;) {
    if (!vm_guard(slot_at(i), kStackGuardBytes)) return false;
  }
  for (std::size_t i = carve_next_ + kBatch; i-- > carve_next_;) {
    states_[i].store(kCarved | kTaken, relaxed);
    list(i % 2 == 1 ? cold_ : spare_, slot_at(i));
  }
  carve_next_ += kBatch;
  carved_.store(carve_next_, relaxed);
  return true;
}

bool StackPool::make_one_usable(char* slot) noexcept {
  return vm_make_usable(slot, slot_bytes_) && vm_guard(slot, kStackGuardBytes);
}

// One alone, as far from the others as can be, so that it can grow.
bool StackPool::carve_apart() noexcept {
  while (carve_next_ < slots_max_) {
    const std::size_t i = slots_max_ - 1 - reversed(carve_next_++, slots_max_);
    std::uint8_t untouched = 0;
    if (!states_[i].compare_exchange_strong(untouched, kCarved | kTaken, relaxed, relaxed)) continue;  // grown into
    if (!make_one_usable(slot_at(i))) return false;
    carved_.fetch_add(1, relaxed);
    list(cold_, slot_at(i));
    return true;
  }
  return false;
}

void StackPool::list(SlotList& list, char* slot) noexcept {
  Atomic<std::uint8_t>& state = states_[index_of(slot)];
  if ((state.load(relaxed) & kListed) != 0) {
    stale_.fetch_sub(1, relaxed);
    // [slot-state] release, with take_listed() and grow(): whoever takes it next comes after us
    state.store(kCarved | kListed, release);
    return;
  }
  list.push_back(slot);
  state.store(kCarved | kListed, release);  // [slot-state] as above
}

// Makes a slot that was found in a list the caller's; false if a stack has grown into it meanwhile.
bool StackPool::take_listed(std::size_t index) noexcept {
  std::uint8_t state = kCarved | kListed;
  // [slot-state] acquire, with list()
  while (!states_[index].compare_exchange_weak(state, (state & ~kListed) | kTaken, acquire, relaxed)) {
  }
  if ((state & kTaken) == 0) return true;
  stale_.fetch_sub(1, relaxed);
  return false;
}

char* StackPool::take_from(SlotList& list) noexcept {
  while (!list.empty()) {
    char* slot = list.back();
    list.pop_back();
    if (take_listed(index_of(slot))) return slot;
  }
  return nullptr;
}

char* StackPool::take_slot() noexcept {
  if (char* slot = take_from(hot_)) {
    hot_low_water_ = std::min(hot_low_water_, hot_.size());
    return slot;
  }
  hot_low_water_ = 0;
  for (;;) {
    if (char* slot = take_from(cold_)) return slot;
    if (!carve()) break;
  }
  return take_from(spare_);
}

bool StackPool::fill(Cache& cache) noexcept {
  if (is_used_up_.load(relaxed)) return false;
  LockGuard guard(lock_);
  while (cache.size.load(relaxed) < Cache::kCapacity / 2 && !hot_.empty()) {
    if (char* slot = take_from(hot_)) cache.push(slot);
  }
  hot_low_water_ = std::min(hot_low_water_, hot_.size());
  if (cache.size.load(relaxed) == 0) {
    if (char* slot = take_slot()) cache.push(slot);
  }
  count_idle();
  return cache.size.load(relaxed) > 0;
}

void StackPool::halve(Cache& cache) noexcept {
  LockGuard guard(lock_);
  while (cache.size.load(relaxed) > Cache::kCapacity / 2) list(hot_, cache.pop());
  count_idle();
}

Stack StackPool::take() noexcept {
  if (is_used_up_.load(relaxed)) return {};
  LockGuard guard(lock_);
  char* slot = take_slot();
  count_idle();
  return slot == nullptr ? Stack{} : stack_on(slot);
}

std::size_t StackPool::give(Stack stack) noexcept {
  const std::size_t lowest = index_of(stack.bottom);
  const std::size_t highest = index_of(stack.bottom + stack.size - 1);
  std::size_t released = 0;
  for (std::size_t i = lowest; i <= highest; ++i) {
    char* slot = slot_at(i);
    bool is_guarded = i == lowest && !stack.is_reserve_open;
    if (!is_guarded) is_guarded = vm_guard(slot, kStackGuardBytes);
    if (i < highest) {
      vm_discard(slot + kStackGuardBytes, slot_bytes_ - kStackGuardBytes);
      released += slot_bytes_ - kStackGuardBytes;
    }
    if (!is_guarded) continue;  // memory for a guard ran out: nobody may use the slot any more
    LockGuard guard(lock_);
    list(i < highest ? spare_ : hot_, slot);  // what has grown once will do so again
    count_idle();
  }
  return released;
}

void StackPool::drain(Cache& cache) noexcept {
  LockGuard guard(lock_);
  while (cache.size.load(relaxed) > 0) list(hot_, cache.pop());
  count_idle();
}

bool StackPool::grow(Stack& stack) noexcept {
  const std::size_t lowest = index_of(stack.bottom);
  if (lowest == 0) return false;
  Atomic<std::uint8_t>& below = states_[lowest - 1];
  std::uint8_t state = below.load(relaxed);
  do {
    if ((state & kTaken) != 0 || (state == 0 && kind_ != StackClass::kLarge)) return false;
    // [slot-state] acquire, with list()
  } while (!below.compare_exchange_weak(state, state | kTaken | kCarved, acquire, relaxed));
  char* slot = slot_at(lowest - 1);
  if (state == 0) {
    if (!make_one_usable(slot)) return false;  // it stays taken, by nobody
    carved_.fetch_add(1, relaxed);
  }
  if ((state & kListed) != 0) stale_.fetch_add(1, relaxed);
  if (!vm_unguard(slot_at(lowest), kStackGuardBytes)) return false;  // as above
  stack.bottom -= slot_bytes_;
  stack.size += slot_bytes_;
  stack.is_changed = true;
  return true;
}

void StackPool::count_idle() noexcept {
  idle_.store(hot_.size() + cold_.size() + spare_.size(), relaxed);
  const bool is_used_up = hot_.empty() && cold_.empty() && spare_.empty() &&
                          (kind_ == StackClass::kLarge ? carve_next_ == slots_max_ : carve_next_ + kBatch > slots_max_);
  if (is_used_up_.load(relaxed) != is_used_up) is_used_up_.store(is_used_up, relaxed);
}

std::size_t StackPool::idle_slots() const noexcept {
  const auto idle = static_cast<std::int64_t>(idle_.load(relaxed));
  return static_cast<std::size_t>(std::max<std::int64_t>(0, idle - stale_.load(relaxed)));
}

std::size_t StackPool::trim() noexcept {
  char* slots[256];
  std::size_t trimmed = 0;
  while (trimmed < kTrimMax) {
    std::size_t seen = 0;
    std::size_t taken = 0;
    {
      LockGuard guard(lock_);
      // The oldest lie at the front; those were not needed for the longest time.
      while (seen < std::size(slots) && seen < hot_low_water_ && seen < hot_.size()) {
        if (take_listed(index_of(hot_[seen]))) slots[taken++] = hot_[seen];
        ++seen;
      }
      hot_.erase(hot_.begin(), hot_.begin() + static_cast<std::ptrdiff_t>(seen));
      hot_low_water_ -= seen;
      if (seen == 0) {
        hot_low_water_ = hot_.size();
        return trimmed;
      }
    }
    for (std::size_t i = 0; i < taken; ++i) vm_discard(slots[i] + kStackGuardBytes, slot_bytes_ - kStackGuardBytes);
    {
      LockGuard guard(lock_);
      for (std::size_t i = 0; i < taken; ++i) list(cold_, slots[i]);
      count_idle();
    }
    trimmed += taken;
  }
  return trimmed;
}

bool StackPool::contains(const void* address) const noexcept {
  const auto offset = static_cast<std::size_t>(static_cast<const char*>(address) - base_);
  return base_ != nullptr && offset < slots_max_ * slot_bytes_;
}

}  // namespace novelo::rt
