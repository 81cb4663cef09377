// Methods, and every way a handler may end, without any transport.
#include <gtest/gtest.h>
#include <novelo/novelo.h>

#include <stdexcept>

#include "google/protobuf/duration.pb.h"
#include "rpc/error.h"
#include "rpc/message_method.h"
#include "rpc/transport.h"

namespace novelo::daemon {
namespace {

// A call with messages of our own.
class FakeCall final : public Call {
 public:
  std::string_view peer() const override { return "test"; }
  absl::Time deadline() const override { return until; }
  std::optional<std::string> metadata(std::string_view) const override { return std::nullopt; }
  absl::StatusOr<std::optional<std::string>> read() override { return std::exchange(input, std::nullopt); }
  absl::Status write(std::string message) override {
    written.push_back(std::move(message));
    return absl::OkStatus();
  }
  void write_last(std::string message) override { written.push_back(std::move(message)); }

  absl::Time until = absl::InfiniteFuture();
  std::optional<std::string> input;
  std::vector<std::string> written;
};

absl::Status serve_in_runtime(const Handler& handler, FakeCall& call) {
  const Method method{"/a.B/C", handler};
  return run([&] { return serve(method, call, nullptr); });
}

TEST(Router, FindsByPathAndNamesTheNearest) {
  Router router;
  router.add("/text.Tasks/WordCount", [](Call&) { return absl::OkStatus(); });
  EXPECT_NE(router.find("/text.Tasks/WordCount"), nullptr);
  EXPECT_EQ(router.find("/text.Tasks/WordCuont"), nullptr);
  const absl::Status status = router.unknown("/text.Tasks/WordCuont");
  EXPECT_TRUE(absl::IsUnimplemented(status));
  EXPECT_NE(status.message().find("\"/text.Tasks/WordCount\""), absl::string_view::npos) << status;
}

TEST(Serve, AnExceptionIsAnInternalErrorWithItsWords) {
  FakeCall call;
  const absl::Status status =
      serve_in_runtime([](Call&) -> absl::Status { throw std::runtime_error("the yarn broke"); }, call);
  EXPECT_TRUE(absl::IsInternal(status));
  EXPECT_EQ(reason_of(status), "HANDLER_THREW");
  EXPECT_EQ(status.message(), "the yarn broke");
}

TEST(Serve, TheDeadlineOfTheCallEndsTheHandlerAndWhatItStarted) {
  FakeCall call;
  call.until = absl::Now() + absl::Milliseconds(20);
  bool is_unwound = false;
  const absl::Status status = serve_in_runtime(
      [&](Call&) -> absl::Status {
        go([&is_unwound] {
          struct Sets {
            bool& flag;
            ~Sets() { flag = true; }
          } sets{is_unwound};
          make_chan<int>().recv();
        });
        make_chan<int>().recv();
        return absl::OkStatus();
      },
      call);
  EXPECT_TRUE(absl::IsDeadlineExceeded(status)) << status;
  EXPECT_EQ(reason_of(status), "CALL_DEADLINE");
  EXPECT_TRUE(is_unwound);
}

TEST(MessageMethod, ParsesWhatComesAndWritesWhatIsReturned) {
  Router router;
  add_unary<google::protobuf::Duration>(
      router, "/a.B/C", [](const google::protobuf::Duration& in) -> absl::StatusOr<google::protobuf::Duration> {
        google::protobuf::Duration out;
        out.set_seconds(in.seconds() + 1);
        return out;
      });
  FakeCall call;
  google::protobuf::Duration message;
  message.set_seconds(41);
  call.input = message.SerializeAsString();
  ASSERT_TRUE(serve_in_runtime(router.find("/a.B/C")->handler, call).ok());
  ASSERT_TRUE(message.ParseFromString(call.written.at(0)));
  EXPECT_EQ(message.seconds(), 42);

  call.input = "\xff";
  EXPECT_EQ(reason_of(serve_in_runtime(router.find("/a.B/C")->handler, call)), "INVALID_MESSAGE");
  call.input.reset();
  EXPECT_TRUE(absl::IsInvalidArgument(serve_in_runtime(router.find("/a.B/C")->handler, call)));
}

}  // namespace
}  // namespace novelo::daemon
