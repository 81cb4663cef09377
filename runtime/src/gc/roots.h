// runtime/src/gc/roots.h
// What refers to collected objects from outside the heap: gc::Root, and memory that is allocated and freed by hand but
// may hold references (closures, buffers of channels, results, values of Local and Context).
//
//   who        anybody
//   may        take its lock; allocate slots; never parks
//   cost       a lock a Root that is made, changed or dropped
//   invariants who changes any of it and is no running goroutine (a foreign thread, a timer on a scheduler's stack)
//              holds the lock meanwhile, and asks under it whether the barrier is on: the collector takes the lock
//              after it has turned the barrier on, so that nobody is still at it who did not know
//   tested     tests/conformance/gc_test.cc, tests/stress/gc_test.cc
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <vector>

#include "absl/functional/function_ref.h"
#include "base/atomic.h"
#include "base/lock.h"
#include "gc/marker.h"
#include "heap/heap.h"

namespace novelo::rt {

// A place that refers to an object.
struct RootSlot {
  Atomic<void*> object{nullptr};
  RootSlot* next_free = nullptr;
};

class Roots {
 public:
  explicit Roots(CollectedHeap& heap, MarkQueue& queue) noexcept
      : heap_(heap), marker_(heap, queue), traced_(heap.pages()) {}
  Roots(const Roots&) = delete;
  Roots& operator=(const Roots&) = delete;

  RootSlot* make_slot(void* object);
  void set_slot(RootSlot& slot, void* object) noexcept;
  void drop_slot(RootSlot& slot) noexcept;

  void* allocate(std::size_t bytes, std::size_t align, CellCache* cache) noexcept;
  void deallocate(void* memory, std::size_t bytes, std::size_t align, CellCache* cache) noexcept;
  void drain(CellCache& cache) noexcept { traced_.drain(cache); }

  // By who is no running goroutine: notes what is about to be overwritten or moved, if the barrier is on.
  void note_from_outside(const void* from, const void* to) noexcept;

  // By the collector.
  void let_outsiders_finish() noexcept { const LockGuard guard(lock_); }
  void mark_slots(Marker& marker) noexcept;
  // Calls `pause` now and then.
  void mark_traced(Marker& marker, absl::FunctionRef<void()> pause) noexcept;
  bool publish_noted() noexcept;  // true: there was something

 private:
  static constexpr std::size_t kSlotsAtOnce = 256;
  using Slots = std::array<RootSlot, kSlotsAtOnce>;

  CollectedHeap& heap_;
  Lock<LockRank::kRoots> lock_;
  Marker marker_ NOVELO_GUARDED_BY(lock_);  // for what is noted from outside
  std::vector<std::unique_ptr<Slots>> slots_ NOVELO_GUARDED_BY(lock_);
  RootSlot* free_ NOVELO_GUARDED_BY(lock_) = nullptr;
  Heap traced_;
};

}  // namespace novelo::rt
