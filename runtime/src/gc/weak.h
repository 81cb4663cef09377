// runtime/src/gc/weak.h
// Weak references: cells that are emptied when marking has ended without their object being marked.
//
//   who        goroutines; the collector, between begin_marking() and end_cycle()
//   may        take its lock; never parks
//   cost       while no cycle runs get() is a load; during one it takes a lock
//   invariants whether marking is complete is decided under the lock: a reference that is given before keeps its object
//              alive, and the decision has to wait until that is looked into; one that is asked for afterwards is given
//              only if its object was marked
//   tested     tests/conformance/gc_test.cc, tests/stress/gc_test.cc
#pragma once

#include "base/atomic.h"
#include "base/intrusive_list.h"
#include "base/lock.h"
#include "gc/marker.h"
#include "novelo/gc/handle.h"
#include "sched/memory.h"

namespace novelo::rt {

struct WeakCell : ListLink, HeapObject {
  Atomic<void*> object{nullptr};  // or a part of it
  const char* start = nullptr;    // where its mark is; nullptr: it is no collected object, and stays
  Atomic<std::int64_t> references{1};
};

class WeakTable {
 public:
  WeakTable(CollectedHeap& heap, MarkQueue& queue) noexcept : heap_(heap), marker_(heap, queue) {}

  WeakCell* make(void* object);
  void remove(WeakCell& cell) noexcept;  // nobody refers to it any more
  void* get(WeakCell& cell) noexcept;

  // By the collector, in this order, once a cycle.
  void begin_marking() noexcept;
  bool end_marking() noexcept;  // false: an object was given since the last look, and is to be looked into
  void clear_unmarked() noexcept;
  void end_cycle() noexcept;

 private:
  enum class Phase : std::uint8_t { kIdle, kMarking, kMarked };

  CollectedHeap& heap_;
  Lock<LockRank::kRoots> lock_;
  Phase phase_ NOVELO_GUARDED_BY(lock_) = Phase::kIdle;
  Marker marker_ NOVELO_GUARDED_BY(lock_);
  IntrusiveList<WeakCell> cells_ NOVELO_GUARDED_BY(lock_);
};

}  // namespace novelo::rt
