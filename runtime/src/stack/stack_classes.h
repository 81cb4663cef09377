// runtime/src/stack/stack_classes.h
// Which stack a goroutine gets, how it grows, and what is learnt from it for the next goroutine of the same code.
//
//   who        the scheduler, on the system stack: take() when a goroutine first runs, give() when it ended; the fault
//              handler and grow_stack(), on the goroutine: grow(), open_reserve(), close_reserve(); the collector:
//              shrink()
//   cost       as StackPool; the first goroutines of each entry are measured: three system calls at their end.
//              To shrink one takes 0.6 us, and 0.1 us for each page that is given back
//   invariants what an entry is known to need never shrinks
//   tested     tests/unit/stack/stack_classes_test.cc, tests/conformance/stack_test.cc
//
// The first goroutines of an entry run on large stacks, and what they touched is looked at when they end. Once one of
// them needed more than a quarter of a medium one, its like get large ones; once kMeasured did not, medium ones, and
// dense ones while those are used up. Whoever needs more all the same grows into its neighbour, if that is free, and
// its entry is known to be large.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "novelo/start.h"
#include "stack/stack_pool.h"

namespace novelo::rt {

class StackClasses {
 public:
  // A processor's own stacks.
  struct Cache {
    StackPool::Cache dense;
    StackPool::Cache medium;
  };

  static constexpr std::uint32_t kMeasured = 64;

  // For `stacks` of them at one time, none of which grows beyond `stack_bytes_max`. Returns how many there can be: 0
  // when the system refuses address space even for few.
  std::size_t reserve(std::size_t stacks, std::size_t stack_bytes_max) noexcept;

  // A stack, or one with bottom == nullptr when memory ran out.
  Stack take(Cache& cache, StackNeed& need) noexcept {
    if (need.kind.load(relaxed) == StackNeed::Kind::kMedium && cache.medium.size.load(relaxed) > 0) [[likely]] {
      return pool(StackClass::kMedium).take(cache.medium);
    }
    return take_slow(cache, need);
  }
  void give(Cache& cache, const Stack& stack, StackNeed& need) noexcept {
    if (!stack.is_changed && stack.kind == StackClass::kMedium) [[likely]] {
      pool(StackClass::kMedium).give(cache.medium, stack);
    } else {
      give_slow(cache, stack, need);
    }
  }
  // One of at least `bytes`, or of as many as can be had.
  Stack take_of(std::size_t bytes) noexcept;
  void give_segment(const Stack& stack) noexcept;  // one of those
  void drain(Cache& cache) noexcept;

  // Makes `stack` larger where it stands; false if it is as large as may be, or the place below is not free.
  // Async-signal-safe; by the one who runs on it.
  bool grow(Stack& stack, StackNeed& need) noexcept;
  // Lets the reserve be used, once. Async-signal-safe; as grow().
  bool open_reserve(Stack& stack, StackNeed& need) noexcept;
  // Guards it again, when nothing stands in it any more. False: no memory for that now.
  bool close_reserve(Stack& stack) noexcept;

  // Returns to the system the memory of calls that have returned, of a stack on which nobody runs until then: what lies
  // a page below `sp`. True: there is no more; else it was kShrunkMax.
  bool shrink(const Stack& stack, const void* sp, StackNeed& need) noexcept;
  static constexpr std::size_t kShrunkMax = std::size_t{1} << 20;

  bool trim() noexcept;  // of each pool; true: there may be more to trim
  // Async-signal-safe.
  bool contains(const void* address) const noexcept;
  const std::array<StackPool, kStackClasses>& pools() const noexcept { return pools_; }

  // Bytes of address space; those that processors keep count as in use.
  struct Bytes {
    std::uint64_t in_use = 0;
    std::uint64_t idle = 0;
  };
  Bytes bytes() const noexcept;
  static std::uint64_t kept_bytes(const Cache& cache) noexcept;  // by anybody
  std::uint64_t grown_total() const noexcept { return grown_.load(relaxed); }
  std::uint64_t overflows_total() const noexcept { return overflows_.load(relaxed); }
  std::uint64_t released_bytes_total() const noexcept { return released_bytes_.load(relaxed); }

 private:
  StackPool& pool(StackClass kind) noexcept { return pools_[static_cast<std::size_t>(kind)]; }
  Stack take_slow(Cache& cache, StackNeed& need) noexcept;
  Stack take_measured() noexcept;
  void give_slow(Cache& cache, Stack stack, StackNeed& need) noexcept;

  std::array<StackPool, kStackClasses> pools_{StackPool(StackClass::kDense), StackPool(StackClass::kMedium),
                                              StackPool(StackClass::kLarge)};
  std::size_t stack_bytes_max_ = 0;
  std::size_t measured_max_ = 0;  // of large ones at a time: the others are for those known to need them
  Atomic<std::uint64_t> grown_{0};
  Atomic<std::uint64_t> overflows_{0};
  Atomic<std::uint64_t> released_bytes_{0};
};

}  // namespace novelo::rt
