// Exponential backoff with a bound, less a random part.
#include "job/retry.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <cmath>

#include "proto_time.h"
#include "rpc/error.h"

namespace novelo::daemon {
namespace {

constexpr absl::Duration kInitialBackoffDefault = absl::Seconds(1);
constexpr absl::Duration kMaxBackoffDefault = absl::Seconds(60);
constexpr double kBackoffMultiplierDefault = 2;

bool is_worth_another(const v1::RetryPolicy& policy, absl::StatusCode code) {
  if (policy.retry_on_size() > 0) {
    return std::find(policy.retry_on().begin(), policy.retry_on().end(), static_cast<int>(code)) !=
           policy.retry_on().end();
  }
  switch (code) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kUnimplemented:
    case absl::StatusCode::kUnauthenticated:
      return false;
    default:
      return true;
  }
}

absl::Status check_backoff(std::string_view field, const google::protobuf::Duration& backoff) {
  const absl::Duration value = from_proto(backoff);
  if (value >= absl::ZeroDuration() && value <= kBackoffMax) return absl::OkStatus();
  return bad_field(field,
                   absl::StrCat(absl::FormatDuration(value), " is not from 0s to ", absl::FormatDuration(kBackoffMax)));
}

}  // namespace

absl::StatusOr<v1::RetryPolicy> complete_retry_policy(v1::RetryPolicy policy) {
  if (policy.max_attempts() < 0 || policy.max_attempts() > kAttemptsMax) {
    return bad_field("retry_policy.max_attempts",
                     absl::StrCat(policy.max_attempts(), " is not from 1 to ", kAttemptsMax))
        .status();
  }
  if (policy.max_attempts() == 0) policy.set_max_attempts(1);
  if (!policy.has_initial_backoff()) *policy.mutable_initial_backoff() = to_proto(kInitialBackoffDefault);
  if (!policy.has_max_backoff()) *policy.mutable_max_backoff() = to_proto(kMaxBackoffDefault);
  if (absl::Status status = check_backoff("retry_policy.initial_backoff", policy.initial_backoff()); !status.ok())
    return status;
  if (absl::Status status = check_backoff("retry_policy.max_backoff", policy.max_backoff()); !status.ok())
    return status;
  if (policy.backoff_multiplier() == 0) policy.set_backoff_multiplier(kBackoffMultiplierDefault);
  if (!(policy.backoff_multiplier() >= 1 && policy.backoff_multiplier() <= kBackoffMultiplierMax)) {
    return bad_field("retry_policy.backoff_multiplier",
                     absl::StrCat(policy.backoff_multiplier(), " is not from 1 to ", kBackoffMultiplierMax))
        .status();
  }
  return policy;
}

std::optional<absl::Duration> backoff_after(const v1::RetryPolicy& policy, int attempt, const absl::Status& error,
                                            double chance) {
  if (attempt >= policy.max_attempts() || !is_worth_another(policy, error.code())) return std::nullopt;
  const double growth =
      std::pow(policy.backoff_multiplier(), attempt - 1);  // infinite at most, and the minimum holds it
  const double seconds = std::min(absl::ToDoubleSeconds(from_proto(policy.max_backoff())),
                                  absl::ToDoubleSeconds(from_proto(policy.initial_backoff())) * growth);
  return absl::Seconds(seconds * (1 - kBackoffJitter * chance));
}

}  // namespace novelo::daemon
