// Errors carry their details to the wire and back, within the limits of a trailer.
#include "rpc/error.h"

#include <gtest/gtest.h>

#include "google/rpc/error_details.pb.h"

namespace novelo::daemon {
namespace {

TEST(Error, DetailsSurviveTheWire) {
  const absl::Status status = Error(absl::StatusCode::kResourceExhausted, "QUEUE_FULL", "full")
                                  .metadata("limit", "7")
                                  .quota("queue", "job.max_queued = 7")
                                  .retry_after(absl::Milliseconds(1500))
                                  .field("task", "no")
                                  .resource("job", "x");
  const google::rpc::Status proto = to_proto(status);
  ASSERT_EQ(proto.details_size(), 5);
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(proto.details(0).UnpackTo(&info));  // first, always
  EXPECT_EQ(info.reason(), "QUEUE_FULL");
  EXPECT_EQ(info.domain(), "novelo");
  EXPECT_EQ(info.metadata().at("limit"), "7");
  EXPECT_EQ(from_proto(proto), status);
}

TEST(Error, AStatusMadeElsewhereGetsAReason) {
  EXPECT_EQ(reason_of(from_proto(to_proto(absl::NotFoundError("x")))), "NOT_FOUND");
  EXPECT_EQ(reason_of(with_reason(absl::NotFoundError("x"), "TASK_FAILED")), "TASK_FAILED");
  EXPECT_EQ(reason_of(with_reason(Error(absl::StatusCode::kAborted, "OWN", "x"), "TASK_FAILED")), "OWN");
  EXPECT_TRUE(with_reason(absl::OkStatus(), "TASK_FAILED").ok());
}

TEST(Error, LongTextIsCutAndNotUtf8IsMadeSo) {
  const google::rpc::Status proto = to_proto(absl::InternalError(std::string(100000, 'x')));
  EXPECT_EQ(proto.message().size(), kErrorMessageBytesMax);
  const google::rpc::Status bad = to_proto(absl::InternalError("a\xff\xc3(\xe2\x82\xac"));
  EXPECT_EQ(bad.message(),
            "a?"
            "?(\xe2\x82\xac");
}

TEST(Error, DetailsNeverOutgrowATrailer) {
  Error error(absl::StatusCode::kInvalidArgument, "X", "x");
  for (int i = 0; i < 100; ++i) error.field("field", std::string(200, 'y'));
  EXPECT_LT(to_proto(error).ByteSizeLong(), kErrorDetailBytesMax + kErrorMessageBytesMax);
  EXPECT_EQ(to_proto(error).details_size(), 1);
}

}  // namespace
}  // namespace novelo::daemon
