// novelo/leaks.h
// Goroutines that wait for ever: for a channel, a lock or an end that nobody who is alive can bring about any more.
//
//   from   goroutines
//   may    park: leaves by Cancelled
//   cost   one collection, or two when something is found; besides, about a microsecond for each page of memory the
//          program has touched, and two for each goroutine. Nothing is stopped meanwhile
//   tested tests/conformance/leak_test.cc
//
// A goroutine is alive when it runs, can run, sleeps or has a deadline; when what it waits for is referred to from the
// stack, the closure or the collected objects of one that is alive; or from memory where it cannot be told who uses it:
// global variables, memory of malloc, other threads. A cancellation does not count: it is no event one waits for.
// Channels of timers and of contexts always count as referred to.
//
// Memory that is shared with other processes is not looked at: no handle may be kept there.
//
// So nobody is listed who may go on, but not everybody who may not: a channel handle in memory of malloc, a Mutex
// there, or a word left on a stack keep their goroutines from the list. Keep channels in closures and on stacks, and
// what is shared besides in collected objects (novelo/gc.h), and the search sees through them.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "novelo/meter.h"
#include "novelo/stats.h"

namespace novelo {

struct LeakedGoroutine {
  GoroutineInfo goroutine;
  std::string calls;  // where it waits and where it was started, a line each, as dump_goroutines() has them

  // Whether it runs inside a run() of the meter: whose it is.
  bool is_metered_by(const Meter& meter) const noexcept;

  std::vector<rt::AccountHandle> accounts;  // for is_metered_by()
};

// Those found by two searches one after the other, in the order of their ids. None in builds with AddressSanitizer,
// which keeps channels where it cannot be told who refers to them.
std::vector<LeakedGoroutine> find_leaks();

// Of those the last search has listed, how many wait still. From any thread while a Runtime is alive.
std::size_t num_leaked();

}  // namespace novelo
