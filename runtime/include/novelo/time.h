// novelo/time.h
// Timers: a channel that receives the time when it has come.
//
//   from   goroutines; now(), stop() and reset() from any thread
//   cost   a place in the processor's heap of timers, O(log n) to arm and to stop
//   tested tests/conformance/time_test.cc
//
// Never early; late by tens of microseconds on an idle machine.
#pragma once

#include <memory>

#include "absl/time/time.h"
#include "novelo/chan.h"

namespace novelo {

// The time that deadlines and timers go by: absl::Now(), or in deterministic mode the virtual time, which begins with
// the year 2000. From any thread.
absl::Time now();

// A timer that sends once. A shared handle: copies mean the same timer; dropped by all, it is stopped.
class Timer {
 public:
  explicit Timer(absl::Duration d);
  RecvChan<absl::Time> chan() const;
  // Whether the timer was still going to deliver. After either returned, no stale value can be received.
  bool stop() const;
  bool reset(absl::Duration d) const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// A channel that receives the time once, after `d`. Infinite: never.
RecvChan<absl::Time> after(absl::Duration d);

}  // namespace novelo
