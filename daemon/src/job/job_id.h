// daemon/src/job/job_id.h
// Ids of jobs: UUIDv7, rising within this process.
//
//   from    any thread
//   tested  tests/unit/daemon/job_id_test.cc
#pragma once

#include <absl/random/random.h>
#include <absl/time/time.h>

#include <cstdint>
#include <mutex>
#include <string>

namespace novelo::daemon {

class JobIds {
 public:
  // "01932c07-209f-7cc1-9ec7-4e9d8f3a6b10", greater than every one before. Ids made faster than 4096 a millisecond run
  // ahead of the clock.
  std::string next(absl::Time now);

 private:
  std::mutex mutex_;
  absl::BitGen random_;
  std::uint64_t last_ = 0;  // milliseconds << 12 | count within one
};

}  // namespace novelo::daemon
