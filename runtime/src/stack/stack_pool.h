// runtime/src/stack/stack_pool.h
// The stacks of one class: slots of one size in one reserved part of the address space, committed by the kernel page by
// page as they are touched, each with a guard at its low end.
//
//   who        StackClasses, on the system stack; grow() also in the handler of the fault that asks for it
//   may        take its lock, make system calls (carving, trimming, growing); never park. grow() takes no lock
//   cost       a few ns from the processor's own list; a lock on the shared list; system calls only for a new batch
//   invariants a slot that is taken belongs to one stack, or to one processor's list; one that is not may join the
//              stack above it, also while it stands in a shared list: whoever takes it from there looks. Lists are last
//              in first out, so a slot taken is warm. Every other slot is given out last, so that stacks can grow
//   limit      slots_max() stacks at one time; take() fails beyond it
//   tested     tests/unit/stack/stack_pool_test.cc, tests/crash/stack_overflow_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include "base/atomic.h"
#include "base/lock.h"
#include "stack/stack.h"

namespace novelo::rt {

class StackPool {
 public:
  explicit StackPool(StackClass kind) noexcept;
  ~StackPool();
  StackPool(const StackPool&) = delete;
  StackPool& operator=(const StackPool&) = delete;

  // A processor's own stacks, used without the lock. Overflow and need go to the pool by halves. Anybody reads the
  // size.
  struct Cache {
    static constexpr int kCapacity = 64;
    char* slots[kCapacity];
    Atomic<int> size{0};

    void push(char* slot) noexcept {
      const int top = size.load(relaxed);
      slots[top] = slot;
      size.store(top + 1, relaxed);
    }
    char* pop() noexcept {
      const int top = size.load(relaxed) - 1;
      size.store(top, relaxed);
      return slots[top];
    }
  };

  // Reserves address space for about `slots` stacks, or as many as the system allows within `bytes_max`. False when
  // that is less than kSlotsMin; then there are none.
  bool reserve(std::size_t slots, std::size_t bytes_max = ~std::size_t{0}) noexcept;
  static constexpr std::size_t kSlotsMin = 32;

  // A stack, or one with bottom == nullptr when the reserve is used up or memory ran out.
  Stack take(Cache& cache) noexcept {
    if (cache.size.load(relaxed) == 0 && !fill(cache)) [[unlikely]]
      return {};
    return stack_on(cache.pop());
  }
  // Of a stack that has not changed.
  void give(Cache& cache, const Stack& stack) noexcept {
    if (cache.size.load(relaxed) == Cache::kCapacity) [[unlikely]]
      halve(cache);
    cache.push(stack.bottom - kStackGuardBytes);
  }
  // The same without a list of the processor's own. The stack may have grown and may have its reserve open; the memory
  // of what joined it is given back to the system. Returns how many bytes of address space that was.
  Stack take() noexcept;
  std::size_t give(Stack stack) noexcept;
  void drain(Cache& cache) noexcept;

  // Joins the slot below to `stack`. False when that is in use, or there is none. Async-signal-safe; by the one who
  // runs on `stack`.
  bool grow(Stack& stack) noexcept;

  // Returns to the system the memory of the stacks that nobody needed since the last call that found no more. At most
  // kTrimMax a call, which take about a millisecond. Returns how many. Called by sysmon, about once a second, and soon
  // again while it returns kTrimMax.
  std::size_t trim() noexcept;
  static constexpr std::size_t kTrimMax = 1024;

  // Whether `address` lies in the reserve. Async-signal-safe.
  bool contains(const void* address) const noexcept;
  // The reserve; nullptr and nullptr without one.
  const char* begin() const noexcept { return base_; }
  const char* end() const noexcept { return base_ + slots_max_ * slot_bytes_; }

  StackClass kind() const noexcept { return kind_; }
  std::size_t slots_max() const noexcept { return slots_max_; }
  std::size_t carved_slots() const noexcept { return carved_.load(relaxed); }
  // In the shared lists; what the caches hold comes to it.
  std::size_t idle_slots() const noexcept;

 private:
  static constexpr std::size_t kBatch = 32;
  using SlotList = std::deque<char*>;  // what was listed last is taken first, and the oldest are trimmed

  // What is known of a slot, in one byte. kListed stands though another has taken the slot since: it is dropped by
  // whoever finds it in the list.
  static constexpr std::uint8_t kCarved = 1;
  static constexpr std::uint8_t kTaken = 2;
  static constexpr std::uint8_t kListed = 4;

  std::size_t index_of(const char* address) const noexcept {
    return static_cast<std::size_t>(address - base_) / slot_bytes_;
  }
  char* slot_at(std::size_t index) const noexcept { return base_ + index * slot_bytes_; }
  Stack stack_on(char* slot) const noexcept { return {slot + kStackGuardBytes, stack_usable_bytes(kind_), kind_}; }

  bool fill(Cache& cache) noexcept;
  void halve(Cache& cache) noexcept;
  char* take_slot() noexcept NOVELO_REQUIRES(lock_);
  char* take_from(SlotList& list) noexcept NOVELO_REQUIRES(lock_);
  bool take_listed(std::size_t index) noexcept;
  void list(SlotList& list, char* slot) noexcept NOVELO_REQUIRES(lock_);
  bool carve() noexcept NOVELO_REQUIRES(lock_);
  bool carve_batch() noexcept NOVELO_REQUIRES(lock_);
  bool carve_apart() noexcept NOVELO_REQUIRES(lock_);
  bool make_one_usable(char* slot) noexcept;  // async-signal-safe
  void count_idle() noexcept NOVELO_REQUIRES(lock_);

  const StackClass kind_;
  const std::size_t slot_bytes_;
  Lock<LockRank::kStackPool> lock_;
  char* base_ = nullptr;
  char* reservation_ = nullptr;
  std::size_t reserved_bytes_ = 0;
  Atomic<std::uint8_t>* states_ = nullptr;  // one a slot
  std::size_t slots_max_ = 0;
  std::size_t carve_next_ NOVELO_GUARDED_BY(lock_) = 0;
  Atomic<std::size_t> carved_{0};
  Atomic<std::size_t> idle_{0};  // written under the lock: a counter here that each goroutine moves is seen in figures
  Atomic<std::int64_t> stale_{0};            // listed, and taken by a stack that grew
  Atomic<bool> is_used_up_{false};           // nothing is left but what processors keep
  SlotList hot_ NOVELO_GUARDED_BY(lock_);    // their pages are still committed
  SlotList cold_ NOVELO_GUARDED_BY(lock_);   // their pages were given back
  SlotList spare_ NOVELO_GUARDED_BY(lock_);  // as cold_, for stacks to grow into as long as there is else
  std::size_t hot_low_water_ NOVELO_GUARDED_BY(lock_) = 0;  // the fewest hot_ had since the last trim()
};

}  // namespace novelo::rt
