// tests/unit/client/byte_call_test.cc
#include "byte_call.h"

#include <gtest/gtest.h>

#include <thread>

#include "absl/synchronization/notification.h"
#include "connection.h"
#include "fake_server.h"

namespace novelo::client {
namespace {

using novelo::testing::Exchange;

class ByteCallTest : public ::testing::Test {
 protected:
  novelo::testing::FakeServer server_;
  std::shared_ptr<grpc::Channel> channel_ = open_channel(server_.address());
};

TEST_F(ByteCallTest, OneMessageEachWayIsAUnaryCall) {
  ByteCall call(channel_, "/text.Tasks/WordCount", absl::InfiniteFuture());
  call.start();
  EXPECT_TRUE(call.write_last(""));
  EXPECT_TRUE(call.read().has_value());
  EXPECT_EQ(call.read(), std::nullopt);
  EXPECT_EQ(call.read(), std::nullopt);
  EXPECT_TRUE(call.finish().ok());
}

TEST_F(ByteCallTest, BothSidesMayStreamAtOnce) {
  ByteCall call(channel_, "/text.Tasks/Upper", absl::InfiniteFuture());
  call.start();
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(call.write("\n\x01x"));
    EXPECT_EQ(call.read(), "\n\x02x!");
  }
  EXPECT_FALSE(call.read_ready(absl::ZeroDuration()));
  call.writes_done();
  EXPECT_EQ(call.read(), std::nullopt);
  EXPECT_TRUE(call.finish().ok());
}

TEST_F(ByteCallTest, FinishDropsWhatWasNotRead) {
  ByteCall call(channel_, "/text.Tasks/Grep", absl::InfiniteFuture());
  call.start();
  call.write_last("");
  EXPECT_TRUE(call.finish().ok());
}

TEST_F(ByteCallTest, CancelEndsAReaderThatWaits) {
  absl::Notification started;
  server_.set_method("text.upper", [&](Exchange& exchange) {
    started.Notify();
    while (exchange.read() != nullptr) {
    }
    return grpc::Status::CANCELLED;
  });
  ByteCall call(channel_, "/text.Tasks/Upper", absl::InfiniteFuture());
  call.start();
  std::thread canceller([&] {
    started.WaitForNotification();
    call.cancel();
  });
  EXPECT_EQ(call.read(), std::nullopt);
  EXPECT_EQ(call.finish().code(), absl::StatusCode::kCancelled);
  canceller.join();
}

TEST_F(ByteCallTest, TheDeadlineEndsTheCallAndReachesTheServer) {
  absl::Time seen;
  server_.set_method("text.upper", [&](Exchange& exchange) {
    seen = exchange.deadline();
    while (exchange.read() != nullptr) {
    }
    return grpc::Status::CANCELLED;
  });
  const absl::Time deadline = absl::Now() + absl::Milliseconds(200);
  {
    ByteCall call(channel_, "/text.Tasks/Upper", deadline);
    call.start();
    EXPECT_EQ(call.finish().code(), absl::StatusCode::kDeadlineExceeded);
  }
  // gRPC carries it over to another clock by reading both, one after the other: it is off by what passed in between.
  EXPECT_GE(absl::Now(), deadline - absl::Milliseconds(100));
  server_.stop();  // waits for the method
  EXPECT_LT(absl::AbsDuration(seen - deadline), absl::Seconds(5));
}

TEST_F(ByteCallTest, AWriteAfterTheEndIsRefused) {
  server_.set_method("text.upper", [](Exchange&) { return grpc::Status(grpc::StatusCode::INTERNAL, "no"); });
  ByteCall call(channel_, "/text.Tasks/Upper", absl::InfiniteFuture());
  call.start();
  EXPECT_EQ(call.read(), std::nullopt);
  EXPECT_FALSE(call.write("x"));
  EXPECT_EQ(call.finish().message(), "no");
}

TEST_F(ByteCallTest, DroppingACallCancelsIt) {
  absl::Notification ended;
  server_.set_method("text.upper", [&](Exchange& exchange) {
    while (exchange.read() != nullptr) {
    }
    ended.Notify();
    return grpc::Status::CANCELLED;
  });
  {
    ByteCall call(channel_, "/text.Tasks/Upper", absl::InfiniteFuture());
    call.start();
    call.write("");
  }
  ended.WaitForNotification();
  EXPECT_TRUE(ended.HasBeenNotified());
}

TEST_F(ByteCallTest, CancelBeforeTheStartEndsTheCallAtOnce) {
  ByteCall call(channel_, "/text.Tasks/Upper", absl::InfiniteFuture());
  call.cancel();
  call.start();
  EXPECT_EQ(call.finish().code(), absl::StatusCode::kCancelled);
}

TEST_F(ByteCallTest, NoServerIsUnavailable) {
  server_.stop();
  ByteCall call(channel_, "/text.Tasks/Upper", absl::InfiniteFuture());
  call.start();
  EXPECT_EQ(call.finish().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace novelo::client
