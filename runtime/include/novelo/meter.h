// novelo/meter.h
// What a tree of goroutines uses: processor time, time spent waiting for a processor, parks, goroutines started, memory
// of the collected heap; and a limit on that memory.
//
//     novelo::Meter meter;
//     meter.run([] { handle_request(); });
//     log(meter.usage().cpu_time);
//
//   from   run() by goroutines, the rest by any thread
//   cost   inside run() two or three readings of the machine's cycle counter a switch, and two additions for a kilobyte
//          that is allocated; outside a test of a pointer
//   tested tests/conformance/meter_test.cc, tests/conformance/meter_heap_test.cc
#pragma once

#include <cstdint>
#include <functional>
#include <utility>

#include "absl/time/time.h"

namespace novelo {

namespace rt {

class Account;
class ScopeCore;

class AccountHandle {
 public:
  AccountHandle();
  explicit AccountHandle(Account& shared) noexcept;
  AccountHandle(const AccountHandle& other) noexcept;
  AccountHandle& operator=(AccountHandle other) noexcept {
    std::swap(account_, other.account_);
    return *this;
  }
  ~AccountHandle();
  Account& operator*() const noexcept { return *account_; }
  friend bool operator==(const AccountHandle&, const AccountHandle&) = default;

 private:
  Account* account_;
};

// Runs the calling goroutine inside a scope of its own that is charged to the account.
class MeterSection {
 public:
  explicit MeterSection(Account& account);
  ~MeterSection();
  MeterSection(const MeterSection&) = delete;
  MeterSection& operator=(const MeterSection&) = delete;

 private:
  ScopeCore* scope_;
  ScopeCore* outer_;
};

}  // namespace rt

struct Usage {
  // On a processor of the runtime, by the machine's clock: what the system took meanwhile for other processes is in it.
  // Time inside blocking() is not.
  absl::Duration cpu_time;
  // Runnable, until a processor was free.
  absl::Duration runnable_time;
  std::uint64_t parks = 0;       // waits that began
  std::uint64_t goroutines = 0;  // started, without the one that called run()
  // Of the collected heap, that of the containers of novelo/gc.h included. Exact but for a kilobyte a type that several
  // goroutines make in turns.
  std::uint64_t allocated_bytes = 0;
  // Of that, what the collector has not yet found dead. Estimated from one object in 64 KiB: of 64 MiB the
  // standard deviation is 3 %.
  std::uint64_t heap_bytes = 0;
};

// A handle: copying shares the counters. May be used for several runs, also at once and one inside the other.
class Meter {
 public:
  Meter() = default;

  // Runs f on the calling goroutine. It is metered until f returns; the goroutines started meanwhile, and those they
  // start, until they end: nobody waits for them. Returns what f does. With a meter around it, both are charged.
  template <class F>
  decltype(auto) run(F&& f) {
    const rt::MeterSection section(*account_);
    return std::invoke(std::forward<F>(f));
  }

  // Of all runs so far. Exact for goroutines that wait or have ended; of those that run the present slice is included
  // where no meter is inside this one.
  Usage usage() const;

  // How much of the collected heap its goroutines may hold, as Usage::heap_bytes counts. The one that would hold more
  // waits for a collection; unless that leaves an eighth of the limit free, its allocation throws HeapLimitExceeded,
  // and so do those of the others until there is room. Nothing is thrown while an exception unwinds the goroutine. At
  // first there is no limit.
  void limit_heap(std::uint64_t bytes);

 private:
  friend struct LeakedGoroutine;
  rt::AccountHandle account_;
};

}  // namespace novelo
