// tests/unit/client/error_text_test.cc
#include "error_text.h"

#include <gmock/gmock.h>
#include <google/rpc/error_details.pb.h>
#include <gtest/gtest.h>

#include "fake_server.h"
#include "rpc_status.h"

namespace novelo::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const Address kAddress{"127.0.0.1:7570", "default"};

std::string text_of(const grpc::Status& status) {
  return error_text(client::from_grpc(status), kAddress);
}

TEST(ErrorText, AServerThatIsNotThereIsNamedWithTheRemedy) {
  const std::string text = text_of(grpc::Status(
      grpc::StatusCode::UNAVAILABLE,
      "failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:7570: Failed to connect to remote host: "
      "Connection refused"));
  EXPECT_THAT(text, HasSubstr("no novelod answers at 127.0.0.1:7570 (address from default): Connection refused"));
  EXPECT_THAT(text, HasSubstr("novelod"));
  EXPECT_THAT(text, HasSubstr("--address HOST:PORT"));
  EXPECT_THAT(text, Not(HasSubstr("last error")));
}

TEST(ErrorText, AServerThatWentAwayIsNotOneThatWasNeverThere) {
  EXPECT_THAT(text_of(grpc::Status(grpc::StatusCode::UNAVAILABLE, "Socket closed")), HasSubstr("went away"));
}

TEST(ErrorText, EveryDetailHasItsLine) {
  google::rpc::ErrorInfo info;
  info.set_reason("QUEUE_FULL");
  (*info.mutable_metadata())["queue"] = "default";
  google::rpc::BadRequest bad_request;
  bad_request.add_field_violations()->set_field("retry_policy.max_attempts");
  bad_request.mutable_field_violations(0)->set_description("must be 1 to 100");
  google::rpc::QuotaFailure quota;
  quota.add_violations()->set_subject("jobs.queued");
  quota.mutable_violations(0)->set_description("10000 jobs wait already");
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(1);
  retry.mutable_retry_delay()->set_nanos(500'000'000);
  const std::string text = text_of(novelo::testing::with_details(
      grpc::StatusCode::RESOURCE_EXHAUSTED, "the queue is full", {&info, &bad_request, &quota, &retry}));
  EXPECT_EQ(text,
            "the queue is full"
            "\n  field retry_policy.max_attempts: must be 1 to 100"
            "\n  limit jobs.queued: 10000 jobs wait already"
            "\n  try again in 1.5s"
            "\n  reason: QUEUE_FULL, queue=default");
}

TEST(ErrorText, WhatTheMessageSaysIsNotSaidAgain) {
  google::rpc::BadRequest bad_request;
  bad_request.add_field_violations()->set_field("top");
  bad_request.mutable_field_violations(0)->set_description("must be positive");
  EXPECT_EQ(text_of(novelo::testing::with_details(grpc::StatusCode::INVALID_ARGUMENT, "top: must be positive",
                                                  {&bad_request})),
            "top: must be positive");
}

TEST(ErrorText, ADeadlineHasWords) {
  EXPECT_EQ(text_of(grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED, "Deadline Exceeded")),
            "the time was up before novelod at 127.0.0.1:7570 answered");
}

TEST(ExitCode, IsThatOfTheContract) {
  EXPECT_EQ(exit_code_of(absl::OkStatus()), ExitCode::kDone);
  EXPECT_EQ(exit_code_of(absl::InternalError("")), ExitCode::kTaskFailed);
  EXPECT_EQ(exit_code_of(absl::UnknownError("")), ExitCode::kTaskFailed);
  EXPECT_EQ(exit_code_of(absl::InvalidArgumentError("")), ExitCode::kUsage);
  EXPECT_EQ(exit_code_of(absl::NotFoundError("")), ExitCode::kNotFound);
  EXPECT_EQ(exit_code_of(absl::PermissionDeniedError("")), ExitCode::kNotPermitted);
  EXPECT_EQ(exit_code_of(absl::UnauthenticatedError("")), ExitCode::kNotPermitted);
  EXPECT_EQ(exit_code_of(absl::AlreadyExistsError("")), ExitCode::kPrecondition);
  EXPECT_EQ(exit_code_of(absl::FailedPreconditionError("")), ExitCode::kPrecondition);
  EXPECT_EQ(exit_code_of(absl::UnavailableError("")), ExitCode::kServerNotReached);
  EXPECT_EQ(exit_code_of(absl::ResourceExhaustedError("")), ExitCode::kLimit);
  EXPECT_EQ(exit_code_of(absl::CancelledError("")), ExitCode::kCancelled);
  EXPECT_EQ(exit_code_of(absl::DeadlineExceededError("")), ExitCode::kDeadlineExceeded);
  EXPECT_EQ(static_cast<int>(ExitCode::kInterrupted), 130);
  EXPECT_EQ(static_cast<int>(ExitCode::kDeadlineExceeded), 124);
}

}  // namespace
}  // namespace novelo::cli
