// tests/unit/client/rpc_status_test.cc
#include "rpc_status.h"

#include <gtest/gtest.h>

#include "fake_server.h"

namespace novelo::client {
namespace {

TEST(RpcStatus, KeepsTheDetailsOfTheServer) {
  const absl::Status status =
      from_grpc(novelo::testing::with_reason(grpc::StatusCode::NOT_FOUND, "no such job", "JOB_NOT_FOUND"));
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "no such job");
  EXPECT_EQ(reason_of(status), "JOB_NOT_FOUND");
  EXPECT_EQ(details_of(status)->details_size(), 1);
}

TEST(RpcStatus, BytesThatAreNoDetailsAreDropped) {
  const absl::Status status = from_grpc(grpc::Status(grpc::StatusCode::INTERNAL, "x", "\xff\xff\xff"));
  EXPECT_EQ(details_of(status), std::nullopt);
  EXPECT_EQ(reason_of(status), "");
}

TEST(RpcStatus, UnavailableOfAServerIsNotAServerNotReached) {
  EXPECT_TRUE(is_not_reached(from_grpc(grpc::Status(grpc::StatusCode::UNAVAILABLE, "connection refused"))));
  EXPECT_FALSE(is_not_reached(
      from_grpc(novelo::testing::with_reason(grpc::StatusCode::UNAVAILABLE, "it drains", "NODE_DRAINING"))));
}

TEST(RpcStatus, AnUnknownNumberIsUnknown) {
  google::rpc::Status wire;
  wire.set_code(99);
  EXPECT_EQ(from_rpc(wire).code(), absl::StatusCode::kUnknown);
  wire.set_code(0);
  EXPECT_TRUE(from_rpc(wire).ok());
}

}  // namespace
}  // namespace novelo::client
