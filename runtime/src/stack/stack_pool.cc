// One reservation instead of one mapping a stack: a process may have 65530 mappings, and a guard made by mprotect costs
// two of them. Guards are therefore made by MADV_GUARD_INSTALL (Linux 6.13), which costs none, and by mprotect where
// the kernel does not know it. The address space is made usable in batches, so that a strict overcommit policy charges
// only what is carved.
//
// Rejected: a slot of thread size (8 MiB) for each goroutine: every goroutine would then pay a page-table page of its
// own beside its first stack page.
#include "stack/stack_pool.h"

#include <algorithm>

#include "os/vm.h"

namespace novelo::rt {

bool StackPool::reserve(std::size_t slots) noexcept {
  slots = (std::max(slots, kSlotsMin) + kBatch - 1) / kBatch * kBatch;
  for (; slots >= kSlotsMin; slots = slots / 4 / kBatch * kBatch) {
    base_ = static_cast<char*>(vm_reserve(slots * kStackSlotBytes));
    if (base_ != nullptr) {
      slots_max_ = slots;
      return true;
    }
  }
  return false;
}

StackPool::~StackPool() {
  if (base_ != nullptr) vm_release(base_, slots_max_ * kStackSlotBytes);
}

bool StackPool::carve_batch() noexcept {
  const std::size_t carved = carved_.load(relaxed);
  if (carved + kBatch > slots_max_) return false;
  char* first = base_ + carved * kStackSlotBytes;
  if (!vm_make_usable(first, kBatch * kStackSlotBytes)) return false;
  for (std::size_t i = 0; i < kBatch; ++i) {
    char* slot = first + (kBatch - 1 - i) * kStackSlotBytes;
    if (!vm_guard(slot, kStackGuardBytes)) return false;
    cold_.push_back(slot);
  }
  carved_.store(carved + kBatch, relaxed);
  count_idle();
  return true;
}

Stack StackPool::take(Cache& cache) noexcept {
  if (cache.size.load(relaxed) == 0) {
    LockGuard guard(lock_);
    if (hot_.empty() && cold_.empty() && !carve_batch()) return {};
    while (cache.size.load(relaxed) < Cache::kCapacity / 2 && !hot_.empty()) {
      cache.push(hot_.back());
      hot_.pop_back();
    }
    if (hot_.size() < hot_low_water_) hot_low_water_ = hot_.size();
    if (cache.size.load(relaxed) == 0) {
      cache.push(cold_.back());
      cold_.pop_back();
    }
    count_idle();
  }
  return {cache.pop() + kStackGuardBytes, kStackBytes};
}

void StackPool::give(Cache& cache, Stack stack) noexcept {
  if (cache.size.load(relaxed) == Cache::kCapacity) {
    LockGuard guard(lock_);
    while (cache.size.load(relaxed) > Cache::kCapacity / 2) hot_.push_back(cache.pop());
    count_idle();
  }
  cache.push(stack.bottom - kStackGuardBytes);
}

void StackPool::drain(Cache& cache) noexcept {
  LockGuard guard(lock_);
  while (cache.size.load(relaxed) > 0) hot_.push_back(cache.pop());
  count_idle();
}

void StackPool::count_idle() noexcept {
  idle_.store(hot_.size() + cold_.size(), relaxed);
}

void StackPool::trim() noexcept {
  char* slots[256];
  for (std::size_t trimmed = 0; trimmed < kTrimMax;) {
    std::size_t taken = 0;
    {
      LockGuard guard(lock_);
      // The oldest lie at the front; those were not needed for the longest time.
      while (taken < std::size(slots) && taken < hot_low_water_ && taken < hot_.size()) {
        slots[taken] = hot_[taken];
        ++taken;
      }
      hot_.erase(hot_.begin(), hot_.begin() + static_cast<std::ptrdiff_t>(taken));
      hot_low_water_ -= taken;
      if (taken == 0) {
        hot_low_water_ = hot_.size();
        return;
      }
    }
    for (std::size_t i = 0; i < taken; ++i) vm_discard(slots[i] + kStackGuardBytes, kStackBytes);
    {
      LockGuard guard(lock_);
      cold_.insert(cold_.end(), slots, slots + taken);
    }
    trimmed += taken;
  }
}

bool StackPool::contains(const void* address) const noexcept {
  const auto offset = static_cast<std::size_t>(static_cast<const char*>(address) - base_);
  return base_ != nullptr && offset < slots_max_ * kStackSlotBytes;
}

bool StackPool::is_guard(const void* address) const noexcept {
  if (!contains(address)) return false;
  const auto offset = static_cast<std::size_t>(static_cast<const char*>(address) - base_);
  return offset % kStackSlotBytes < kStackGuardBytes;
}

}  // namespace novelo::rt
