// runtime/src/base/lock_rank.h
// The order of all locks inside the runtime. A thread may take a lock only of a higher rank than every lock it holds,
// so no two threads can wait for each other. Debug and sanitizer builds enforce it at each lock().
#pragma once

#include <cstdint>

namespace novelo::rt {

enum class LockRank : std::uint8_t {
  kRegistry,     // the table of registered tasks and docs
  kScope,        // the scope tree; cancelling wakes goroutines under it
  kContext,      // the tree of contexts; nothing is called under it
  kTimerHeap,    // a firing timer sends to a channel and wakes goroutines under it
  kChannel,      // and Mutex, WaitGroup, Event: wakes goroutines; select takes several, in the order of their addresses
  kGoroutines,   // the table of all goroutines and the free ones
  kGlobalQueue,  // the shared list of runnable goroutines
  kIdle,         // idle machines and processors, and the table of machines
  kHeldBack,     // who may not run before its stack was looked through
  kRoots,        // what refers to collected objects from outside the heap
  kLeaks,        // what was found by the search for goroutines that wait for ever
  kHeapSamples,  // the objects that stand for what metered goroutines hold
  kMarkQueue,    // what the collector is still to look into
  kStackPool,    // carving and keeping stacks
  kColdStacks,   // those that are kept as images
  kCentralList,  // cells of the heap that no processor keeps
  kPageHeap,     // its pages
  kAddressSpace,  // which parts of the address space are the runtime's own
};

// Locks of one rank may be held together only where something else fixes their order.
constexpr bool may_nest(LockRank rank) {
  return rank == LockRank::kChannel    // by address, in select
         || rank == LockRank::kScope;  // from child to parent while joining, never both ways: see scope.h
}

}  // namespace novelo::rt
