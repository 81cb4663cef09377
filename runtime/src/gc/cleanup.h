// runtime/src/gc/cleanup.h
// What is done once an object has become unreachable: its destructor, and calls that were added to it.
//
//   who        add() and stop(): goroutines; find_due() and mark_due(): the collector; run_due(): a goroutine of the
//              runtime
//   may        take its lock; run_due() runs code of the program, which may park
//   invariants a call runs once, after its object was found unreachable, and keeps nothing of it alive before. The
//              destructor of an object runs before its memory is used again, and what it refers to is kept until then
//   tested     tests/conformance/gc_test.cc
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <unordered_map>

#include "base/atomic.h"
#include "base/lock.h"
#include "gc/marker.h"
#include "novelo/start.h"

namespace novelo::rt {

class CleanupTable {
 public:
  explicit CleanupTable(CollectedHeap& heap) noexcept : heap_(heap) {}

  // Returns a number for stop().
  std::uint64_t add(void* object, Closure&& call);
  bool stop(std::uint64_t number);  // false: it has run, or will

  // Once marking is complete: takes those whose object is not marked, and marks what destructors are to see.
  void find_due(Marker& marker);
  void mark_due(Marker& marker) noexcept;  // in the next cycles, until they have run
  void run_due();

 private:
  struct Call {
    std::uintptr_t object;  // the table does not keep it alive
    Closure* closure;       // in memory that the collector looks into
  };
  static void run_and_drop(Closure* closure);
  Closure* next_call() noexcept;
  CollectedHeap::Object next_object() noexcept;

  // By number, in parts: the collector looks through one after the other, and keeps nobody long from adding to it.
  static constexpr std::size_t kShards = 64;
  struct Shard {
    Lock<LockRank::kRoots> lock;
    std::unordered_map<std::uint64_t, Call> calls NOVELO_GUARDED_BY(lock);
  };

  CollectedHeap& heap_;
  std::array<Shard, kShards> shards_;
  Atomic<std::uint64_t> next_number_{1};
  Lock<LockRank::kRoots> lock_;
  std::deque<Closure*> due_calls_ NOVELO_GUARDED_BY(lock_);
  std::deque<CollectedHeap::Object> due_objects_ NOVELO_GUARDED_BY(lock_);
};

}  // namespace novelo::rt
