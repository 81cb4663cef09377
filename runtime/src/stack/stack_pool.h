// runtime/src/stack/stack_pool.h
// The stacks of goroutines: slots of one size in one reserved part of the address space, committed by the kernel page
// by page as they are touched, each with a guard at its low end.
//
//   who        the scheduler, on the system stack: take() when a goroutine first runs, give() when it ended
//   may        take its lock, make system calls (carving, trimming); never park
//   cost       a few ns from the processor's own list; a lock on the shared list; system calls only for a new batch
//   invariants a slot is in use, in one list, or not carved; lists are last in first out, so a slot taken is warm
//   limit      slots_max() stacks, that is goroutines that run or wait at one time; take() fails beyond it
//   tested     tests/unit/stack/stack_pool_test.cc, tests/crash/stack_overflow_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/atomic.h"
#include "base/lock.h"

namespace novelo::rt {

struct Stack {
  char* bottom = nullptr;  // the lowest usable byte, just above the guard
  std::size_t size = 0;

  // How much of `size` to leave out at the top. Slots lie at one distance that is a power of two: without this the
  // first frames of all stacks would share a few lines of the processor's caches. Less than half a page, so that a
  // goroutine that waits in a shallow call still needs one page.
  std::size_t colour() const noexcept;
};

#if defined(NOVELO_ASAN) || defined(NOVELO_TSAN)
inline constexpr std::size_t kStackSlotBytes = std::size_t{1} << 20;  // instrumented frames are several times larger
#else
inline constexpr std::size_t kStackSlotBytes = std::size_t{256} << 10;
#endif
inline constexpr std::size_t kStackGuardBytes = std::size_t{16} << 10;
inline constexpr std::size_t kStackBytes = kStackSlotBytes - kStackGuardBytes;

inline std::size_t Stack::colour() const noexcept {
  constexpr std::size_t kColours = 32;
  return reinterpret_cast<std::uintptr_t>(bottom) / kStackSlotBytes % kColours * kCacheLine;
}

class StackPool {
 public:
  StackPool() noexcept = default;
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

  // Reserves address space for `slots` stacks, or as many as the system allows. False when it refuses even kSlotsMin.
  bool reserve(std::size_t slots) noexcept;
  static constexpr std::size_t kSlotsMin = 1024;

  // A stack, or one with bottom == nullptr when the reserve is used up or memory ran out.
  Stack take(Cache& cache) noexcept;
  void give(Cache& cache, Stack stack) noexcept;
  void drain(Cache& cache) noexcept;

  // Returns to the system the memory of the stacks that nobody needed since the last call. Called by sysmon about once
  // a second; gives back a bounded number a call.
  void trim() noexcept;

  // Whether `address` lies in a guard, that is whether touching it was an overflow. Async-signal-safe.
  bool is_guard(const void* address) const noexcept;
  // Whether `address` lies in the reserve at all. Async-signal-safe.
  bool contains(const void* address) const noexcept;

  std::size_t slots_max() const noexcept { return slots_max_; }
  std::size_t carved_slots() const noexcept { return carved_.load(relaxed); }
  // In the shared lists; what the caches hold comes to it.
  std::size_t idle_slots() const noexcept { return idle_.load(relaxed); }

 private:
  static constexpr std::size_t kBatch = 32;
  static constexpr std::size_t kTrimMax = 4096;

  bool carve_batch() noexcept NOVELO_REQUIRES(lock_);
  void count_idle() noexcept NOVELO_REQUIRES(lock_);

  Lock<LockRank::kStackPool> lock_;
  char* base_ = nullptr;
  std::size_t slots_max_ = 0;
  Atomic<std::size_t> carved_{0};
  Atomic<std::size_t> idle_{0};  // written under the lock: a counter here that each goroutine moves is seen in figures
  std::vector<char*> hot_ NOVELO_GUARDED_BY(lock_);         // their pages are still committed
  std::vector<char*> cold_ NOVELO_GUARDED_BY(lock_);        // their pages were given back
  std::size_t hot_low_water_ NOVELO_GUARDED_BY(lock_) = 0;  // the fewest hot_ had since the last trim()
};

}  // namespace novelo::rt
