// daemon/src/leak_watch.h
// Looks for goroutines that wait for ever, says which jobs they belong to, and cancels those if that is wanted.
//
//   why     a job that waits for what nobody can bring about any more stays for ever, with all it holds
//   from    goroutines; look() parks for a search (novelo/leaks.h)
//   tested  tests/e2e/leaks_test.py
#pragma once

#include <absl/container/flat_hash_set.h>
#include <absl/time/time.h>
#include <novelo/leaks.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "job/jobs.h"

namespace novelo::daemon {

struct Leak {
  LeakedGoroutine found;
  std::optional<Jobs::Owner> owner;
};

struct LeakWatchOptions {
  absl::Duration interval;  // zero: it does not look by itself
  bool cancels_jobs = false;
};

class LeakWatch {
 public:
  // The jobs outlive it.
  LeakWatch(LeakWatchOptions options, Jobs& jobs) : options_(options), jobs_(jobs) {}

  static constexpr int kLoggedMax = 20;

  std::vector<Leak> look() const;

  // Looks each interval, or less often when a search takes more than a hundredth of it. Logs each goroutine once, but
  // no more than kLoggedMax of them a time.
  void watch_until_cancelled();

 private:
  void report(const std::vector<Leak>& leaks);
  void cancel(const Jobs::Owner& owner);

  const LeakWatchOptions options_;
  Jobs& jobs_;
  absl::flat_hash_set<std::uint64_t> reported_;  // goroutines that were still there at the last look
};

}  // namespace novelo::daemon
