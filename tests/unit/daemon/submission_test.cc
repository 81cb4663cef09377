// What a submission may ask for; what cannot be honoured is refused by name.
#include "job/submission.h"

#include <gtest/gtest.h>

#include "proto_time.h"
#include "rpc/error.h"
#include "sample_tasks.h"

namespace novelo::daemon {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1000);

class SubmissionTest : public testing::Test {
 protected:
  SubmissionTest() : schema_(*Schema::make(tasks())), json_(schema_->pool()) { request_.set_task("sample.add"); }

  absl::StatusOr<v1::Job> make() { return make_job(request_, *schema_, json_, kNow); }

  std::unique_ptr<const Schema> schema_;
  JsonCodec json_;
  v1::SubmitJobRequest request_;
};

TEST_F(SubmissionTest, JsonAndBytesAreOneInput) {
  request_.set_input_json(R"({"a":1})");
  const std::string of_json = make()->input().proto();
  request_.set_input_proto(of_json);
  EXPECT_EQ(make()->input().proto(), of_json);
  EXPECT_EQ(make()->input().type(), "sample.AddRequest");
  request_.set_input_proto("\xff");
  EXPECT_TRUE(absl::IsInvalidArgument(make().status()));
}

TEST_F(SubmissionTest, WhatCannotBeHonouredIsRefusedByName) {
  request_.set_concurrency_key("k");
  EXPECT_TRUE(absl::IsUnimplemented(make().status()));
  EXPECT_EQ(reason_of(make().status()), "FIELD_NOT_SUPPORTED");
  request_.clear_concurrency_key();
  request_.mutable_placement()->set_node("n");
  EXPECT_NE(make().status().message().find("placement"), absl::string_view::npos);
  request_.clear_placement();
  request_.set_queue("other");
  EXPECT_NE(make().status().message().find("queue"), absl::string_view::npos);
  request_.set_queue("default");
  EXPECT_TRUE(make().ok());
}

TEST_F(SubmissionTest, TheDeadlineCountsFromWhenItMayRun) {
  *request_.mutable_deadline() = to_proto(absl::Seconds(5));
  EXPECT_EQ(from_proto(make()->deadline_time()), kNow + absl::Seconds(5));
  *request_.mutable_not_before() = to_proto(kNow + absl::Seconds(10));
  EXPECT_EQ(from_proto(make()->deadline_time()), kNow + absl::Seconds(15));
  EXPECT_EQ(from_proto(make()->next_attempt_time()), kNow + absl::Seconds(10));
  *request_.mutable_deadline() = to_proto(absl::ZeroDuration());
  EXPECT_TRUE(absl::IsInvalidArgument(make().status()));
}

TEST_F(SubmissionTest, LimitsAreNamed) {
  request_.set_priority(101);
  EXPECT_NE(make().status().message().find("priority"), absl::string_view::npos);
  request_.set_priority(-100);
  request_.set_request_id(std::string(129, 'x'));
  EXPECT_NE(make().status().message().find("request_id"), absl::string_view::npos);
  request_.clear_request_id();
  for (int i = 0; i < 33; ++i) (*request_.mutable_labels())[std::to_string(i)] = "";
  EXPECT_NE(make().status().message().find("labels"), absl::string_view::npos);
}

}  // namespace
}  // namespace novelo::daemon
