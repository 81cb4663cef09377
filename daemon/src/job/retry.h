// daemon/src/job/retry.h
// Whether and when a failed attempt is followed by another.
//
//   tested  tests/unit/daemon/retry_test.cc
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <optional>

#include "novelo/v1/job.pb.h"

namespace novelo::daemon {

inline constexpr int kAttemptsMax = 100;
inline constexpr absl::Duration kBackoffMax = absl::Hours(24);
inline constexpr double kBackoffMultiplierMax = 100;
// The part of each wait that chance may take away, so that jobs that failed together do not come back together.
inline constexpr double kBackoffJitter = 0.2;

// `policy` with its defaults filled in; kInvalidArgument names the field that is out of bounds.
absl::StatusOr<v1::RetryPolicy> complete_retry_policy(v1::RetryPolicy policy);

// How long to wait after attempt number `attempt` failed with `error`; nullopt: it was the last. `chance` is in [0, 1).
// Requires: a completed policy.
std::optional<absl::Duration> backoff_after(const v1::RetryPolicy& policy, int attempt, const absl::Status& error,
                                            double chance);

}  // namespace novelo::daemon
