// tests/unit/client/job_view_test.cc
#include "job_view.h"

#include <gtest/gtest.h>

namespace novelo::cli {
namespace {

v1::Job job(v1::JobState state, int code = 0) {
  v1::Job job;
  job.set_id("j");
  job.set_state(state);
  job.mutable_error()->set_code(code);
  return job;
}

TEST(JobView, TheOutcomeIsTheExitCode) {
  EXPECT_EQ(exit_code_of(job(v1::JOB_STATE_SUCCEEDED)), ExitCode::kDone);
  EXPECT_EQ(exit_code_of(job(v1::JOB_STATE_FAILED, 13)), ExitCode::kTaskFailed);
  EXPECT_EQ(exit_code_of(job(v1::JOB_STATE_FAILED, 5)), ExitCode::kTaskFailed);
  EXPECT_EQ(exit_code_of(job(v1::JOB_STATE_FAILED, 4)), ExitCode::kDeadlineExceeded);
  EXPECT_EQ(exit_code_of(job(v1::JOB_STATE_CANCELLED, 1)), ExitCode::kCancelled);
}

TEST(JobView, OnlyTerminalStatesHaveEnded) {
  EXPECT_FALSE(has_ended(job(v1::JOB_STATE_QUEUED)));
  EXPECT_FALSE(has_ended(job(v1::JOB_STATE_RUNNING)));
  EXPECT_TRUE(has_ended(job(v1::JOB_STATE_CANCELLED)));
}

TEST(JobView, AgesHaveOneUnit) {
  EXPECT_EQ(age_text(absl::Seconds(-3)), "0s");
  EXPECT_EQ(age_text(absl::Seconds(119)), "119s");
  EXPECT_EQ(age_text(absl::Minutes(3)), "3m");
  EXPECT_EQ(age_text(absl::Hours(47)), "47h");
  EXPECT_EQ(age_text(absl::Hours(49)), "2d");
}

TEST(JobView, ARowHasACellForEveryColumn) {
  const v1::Job j = job(v1::JOB_STATE_RUNNING);
  EXPECT_EQ(job_cells(j, absl::Now()).size(), job_columns().size());
  EXPECT_EQ(watch_cells(j).size(), watch_columns().size());
  EXPECT_EQ(state_name(v1::JOB_STATE_RUNNING), "RUNNING");
}

TEST(JobView, AWatchedLineTellsAttemptProgressAndError) {
  v1::Job j = job(v1::JOB_STATE_RUNNING);
  j.set_attempt(2);
  j.mutable_retry_policy()->set_max_attempts(3);
  j.mutable_progress()->set_messages(14);
  EXPECT_EQ(watch_line(j), "job j RUNNING, attempt 2 of 3, 14 messages");
}

}  // namespace
}  // namespace novelo::cli
