// The policy of retries: bounds, growth, and the errors another attempt cannot change.
#include "job/retry.h"

#include <gtest/gtest.h>

#include "proto_time.h"
#include "rpc/error.h"

namespace novelo::daemon {
namespace {

v1::RetryPolicy policy(int attempts) {
  v1::RetryPolicy policy;
  policy.set_max_attempts(attempts);
  return *complete_retry_policy(policy);
}

TEST(Retry, WaitsGrowToTheLongest) {
  const v1::RetryPolicy p = policy(100);
  const absl::Status error = absl::UnavailableError("x");
  EXPECT_EQ(backoff_after(p, 1, error, 0), absl::Seconds(1));
  EXPECT_EQ(backoff_after(p, 3, error, 0), absl::Seconds(4));
  EXPECT_EQ(backoff_after(p, 99, error, 0), absl::Seconds(60));
  EXPECT_EQ(backoff_after(p, 1, error, 0.5), absl::Milliseconds(900));
}

TEST(Retry, TheLastAttemptIsTheLast) {
  EXPECT_FALSE(backoff_after(policy(0), 1, absl::UnavailableError("x"), 0).has_value());
  EXPECT_FALSE(backoff_after(policy(3), 3, absl::UnavailableError("x"), 0).has_value());
  EXPECT_TRUE(backoff_after(policy(3), 2, absl::UnavailableError("x"), 0).has_value());
}

TEST(Retry, AnErrorThatCannotChangeIsNotTriedAgainUnlessAsked) {
  v1::RetryPolicy p = policy(3);
  EXPECT_FALSE(backoff_after(p, 1, absl::InvalidArgumentError("x"), 0).has_value());
  p.add_retry_on(google::rpc::INVALID_ARGUMENT);
  EXPECT_TRUE(backoff_after(p, 1, absl::InvalidArgumentError("x"), 0).has_value());
  EXPECT_FALSE(backoff_after(p, 1, absl::UnavailableError("x"), 0).has_value());
}

TEST(Retry, BoundsAreNamed) {
  v1::RetryPolicy p;
  p.set_max_attempts(101);
  EXPECT_NE(complete_retry_policy(p).status().message().find("retry_policy.max_attempts"), absl::string_view::npos);
  p.set_max_attempts(2);
  p.set_backoff_multiplier(0.5);
  EXPECT_FALSE(complete_retry_policy(p).ok());
  p.set_backoff_multiplier(2);
  *p.mutable_max_backoff() = to_proto(absl::Hours(25));
  EXPECT_FALSE(complete_retry_policy(p).ok());
}

}  // namespace
}  // namespace novelo::daemon
