// daemon/src/service/admission.h
// Whether new work is taken, and what of it still runs: the calls of tasks enter here, jobs ask before they are queued.
//
//   from    any goroutine; holds a lock for a few instructions
//   tested  tests/unit/daemon/server_test.cc
#pragma once

#include <absl/status/status.h>
#include <novelo/chan.h>

#include <cstdint>
#include <mutex>

namespace novelo::daemon {

class Admission {
 public:
  // OK, or UNAVAILABLE with a RetryInfo: another node, or this one later, will take it.
  absl::Status admit() const;
  // As admit(); when OK, leave() must follow.
  absl::Status enter();
  void leave();

  // From now on nothing new is taken.
  void close();
  // Closed when it is closed and all that entered has left.
  RecvChan<Unit> idle() const { return idle_; }
  std::int64_t inside() const;

 private:
  mutable std::mutex mutex_;
  std::int64_t inside_ = 0;
  bool is_open_ = true;
  const Chan<Unit> idle_ = make_chan<Unit>();
};

}  // namespace novelo::daemon
