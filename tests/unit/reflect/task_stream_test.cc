// Streaming tasks: which goroutines run, in what order messages come, and how each of the three sides ends the others.
#include <gtest/gtest.h>

#include <cctype>
#include <stdexcept>
#include <string>
#include <vector>

#include "novelo/novelo.h"
#include "support/memory_stream.h"
#include "support/runtime_fixture.h"
#include "unit/reflect/wire_bytes.h"

namespace stream {

struct Count {
  std::int64_t from = 0;
  std::int64_t to = 0;
};

absl::Status count(const Count& request, novelo::SendChan<std::int64_t> out) {
  for (std::int64_t n = request.from; n < request.to; ++n) out.send(n);
  return request.to < 0 ? absl::OutOfRangeError("to is negative") : absl::OkStatus();
}
void closes_early(const Count& request, novelo::SendChan<std::int64_t> out) {
  out.send(request.from);
  out.close();
}
void throws_after_two(novelo::SendChan<std::int64_t> out) {
  out.send(1);
  out.send(2);
  throw std::runtime_error("thrown");
}
int unwound = 0;
struct CountsItsEnd {
  CountsItsEnd() = default;
  CountsItsEnd(const CountsItsEnd&) = delete;
  CountsItsEnd& operator=(const CountsItsEnd&) = delete;
  ~CountsItsEnd() { ++unwound; }
};
void endless(novelo::SendChan<std::int64_t> out) {
  const CountsItsEnd counts;
  for (std::int64_t n = 0;; ++n) out.send(n);
}
void leaves_one_behind(novelo::SendChan<std::int64_t> out) {
  novelo::go([] {
    const CountsItsEnd counts;
    novelo::sleep(absl::InfiniteDuration());
  });
  out.send(7);
}
void exits(novelo::SendChan<std::int64_t>) {
  novelo::goexit();
}

absl::StatusOr<std::int64_t> sum(novelo::RecvChan<std::int64_t> in) {
  std::int64_t total = 0;
  for (const std::int64_t n : in) total += n;
  if (total < 0) return absl::OutOfRangeError("the sum is negative");
  return total;
}
std::int64_t first(novelo::RecvChan<std::int64_t> in) {
  return in.recv().value_or(-1);
}

absl::Status upper(novelo::RecvChan<std::string> in, novelo::SendChan<std::string> out) {
  for (std::string& line : in) {
    for (char& c : line) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    out.send(line);
  }
  return absl::OkStatus();
}

NOVELO_TASK(count, "");
NOVELO_TASK(closes_early, "");
NOVELO_TASK(throws_after_two, "");
NOVELO_TASK(endless, "");
NOVELO_TASK(leaves_one_behind, "");
NOVELO_TASK(exits, "");
NOVELO_TASK(sum, "");
NOVELO_TASK(first, "");
NOVELO_TASK(upper, "");

}  // namespace stream

namespace novelo {
namespace {

using reflect::operator""_hex;
using reflect::to_hex;
using testing::MemoryStream;

std::string message_of(std::int64_t n) {
  return reflect::to_wire(reflect::type_of<std::int64_t>(), &n).value();
}
std::string message_of(const std::string& s) {
  return reflect::to_wire(reflect::type_of<std::string>(), &s).value();
}

absl::Status call(std::string_view name, TaskStream& messages) {
  return find_task(name)->run(messages);
}

class TaskStreaming : public testing::RuntimeTest {
 protected:
  void SetUp() override { stream::unwound = 0; }
};
NOVELO_WITH_PROCS(TaskStreaming);

TEST_P(TaskStreaming, ServerSideWritesEveryMessageInOrder) {
  run([] {
    const stream::Count request{.from = 1, .to = 101};
    MemoryStream messages({reflect::to_wire(reflect::type_of<stream::Count>(), &request).value()});
    ASSERT_TRUE(call("stream.count", messages).ok());
    ASSERT_EQ(messages.output().size(), 100u);
    for (std::int64_t n = 1; n <= 100; ++n)
      EXPECT_EQ(messages.output()[static_cast<std::size_t>(n - 1)], message_of(n));
  });
}

TEST_P(TaskStreaming, ServerSideReturnsTheStatusOfItsFunction) {
  run([] {
    MemoryStream messages({"10 ff ff ff ff ff ff ff ff ff 01"_hex});
    EXPECT_EQ(call("stream.count", messages), absl::OutOfRangeError("to is negative"));
    EXPECT_TRUE(messages.output().empty());
  });
}

TEST_P(TaskStreaming, ServerSideNamesTheFieldOfABadRequestAndDoesNotRun) {
  run([] {
    MemoryStream messages({"12 00"_hex});
    EXPECT_EQ(call("stream.count", messages).code(), absl::StatusCode::kInvalidArgument);
    EXPECT_TRUE(messages.output().empty());
  });
}

TEST_P(TaskStreaming, FunctionMayCloseItsChannelItself) {
  run([] {
    MemoryStream messages({"08 05"_hex});
    EXPECT_TRUE(call("stream.closes_early", messages).ok());
    EXPECT_EQ(messages.output(), std::vector<std::string>{message_of(5)});
  });
}

TEST_P(TaskStreaming, ExceptionOfTheFunctionPassesAfterWhatItSent) {
  run([] {
    MemoryStream messages({""});
    EXPECT_THROW(call("stream.throws_after_two", messages).IgnoreError(), std::runtime_error);
    EXPECT_EQ(messages.output(), (std::vector<std::string>{message_of(1), message_of(2)}));
  });
}

TEST_P(TaskStreaming, FailedWriteCancelsTheFunction) {
  run([] {
    MemoryStream messages({""});
    messages.on_write([](std::size_t n) { return n < 3 ? absl::OkStatus() : absl::UnavailableError("gone"); });
    EXPECT_EQ(call("stream.endless", messages), absl::UnavailableError("gone"));
    EXPECT_EQ(messages.output().size(), 3u);
    EXPECT_EQ(stream::unwound, 1);
    EXPECT_EQ(num_goroutines(), 1u);
  });
}

TEST_P(TaskStreaming, CancelledCallerCancelsTheFunction) {
  run([] {
    auto caller = spawn([] {
      MemoryStream messages({""});
      messages.on_write([](std::size_t n) {
        if (n == 3) sleep(absl::InfiniteDuration());
        return absl::OkStatus();
      });
      return call("stream.endless", messages);
    });
    testing::yield_until_waiting(2);
    caller.cancel();
    EXPECT_THROW(caller.join().IgnoreError(), JoinCancelled);
    EXPECT_EQ(stream::unwound, 1);
    EXPECT_EQ(num_goroutines(), 1u);
  });
}

TEST_P(TaskStreaming, GoroutinesLeftBehindEndWithTheCall) {
  run([] {
    MemoryStream messages({""});
    EXPECT_TRUE(call("stream.leaves_one_behind", messages).ok());
    EXPECT_EQ(messages.output(), std::vector<std::string>{message_of(7)});
    EXPECT_EQ(stream::unwound, 1);
    EXPECT_EQ(num_goroutines(), 1u);
  });
}

TEST_P(TaskStreaming, FunctionThatExitsItsGoroutineIsAborted) {
  run([] {
    MemoryStream messages({""});
    EXPECT_EQ(call("stream.exits", messages),
              absl::AbortedError("task stream.exits left its goroutine without a result"));
  });
}

TEST_P(TaskStreaming, ClientSideReadsToTheEndOfTheInput) {
  run([] {
    std::vector<std::string> input;
    for (std::int64_t n = 1; n <= 100; ++n) input.push_back(message_of(n));
    MemoryStream messages(input);
    ASSERT_TRUE(call("stream.sum", messages).ok());
    EXPECT_EQ(messages.output(), std::vector<std::string>{message_of(5050)});
  });
}

TEST_P(TaskStreaming, ClientSideReturnsTheErrorOfItsFunction) {
  run([] {
    MemoryStream messages({message_of(-1)});
    EXPECT_EQ(call("stream.sum", messages), absl::OutOfRangeError("the sum is negative"));
    EXPECT_TRUE(messages.output().empty());
  });
}

TEST_P(TaskStreaming, BadMessageEndsTheFunctionWithoutAResult) {
  run([] {
    MemoryStream messages({message_of(1), "0a 00"_hex, message_of(2)});
    EXPECT_EQ(
        call("stream.sum", messages),
        absl::InvalidArgumentError("field `value`: wire type length-delimited where int64 takes varint (at byte 1)"));
    EXPECT_TRUE(messages.output().empty()) << "half a sum is no sum";
  });
}

TEST_P(TaskStreaming, BrokenInputEndsTheFunctionWithItsStatus) {
  run([] {
    MemoryStream messages({message_of(1)});
    messages.at_end([] { return absl::UnavailableError("the connection broke"); });
    EXPECT_EQ(call("stream.sum", messages), absl::UnavailableError("the connection broke"));
  });
}

TEST_P(TaskStreaming, FunctionNeedNotReadAllOfItsInput) {
  run([] {
    MemoryStream messages(std::vector<std::string>(100, message_of(9)));
    messages.at_end([]() -> absl::StatusOr<std::optional<std::string>> {
      sleep(absl::InfiniteDuration());
      return std::nullopt;
    });
    ASSERT_TRUE(call("stream.first", messages).ok());
    EXPECT_EQ(messages.output(), std::vector<std::string>{message_of(9)});
    EXPECT_EQ(num_goroutines(), 1u) << "the reader must have ended";
  });
}

TEST_P(TaskStreaming, BothWaysAnswersEachMessageBeforeTheInputEnds) {
  run([] {
    MemoryStream messages({message_of("one"), message_of("two")});
    const auto answered = make_chan<Unit>();
    messages.on_write([&](std::size_t n) {
      if (n == 1) answered.close();
      return absl::OkStatus();
    });
    messages.at_end([&]() -> absl::StatusOr<std::optional<std::string>> {
      answered.recv();
      return std::nullopt;
    });
    ASSERT_TRUE(call("stream.upper", messages).ok());
    EXPECT_EQ(messages.output(), (std::vector<std::string>{message_of("ONE"), message_of("TWO")}));
  });
}

TEST_P(TaskStreaming, SlowReaderHoldsTheFunctionBack) {
  run([] {
    MemoryStream messages({"10 e8 07"_hex});
    std::size_t most = 0;
    messages.on_write([&](std::size_t) {
      yield();
      most = std::max(most, num_goroutines());
      return absl::OkStatus();
    });
    ASSERT_TRUE(call("stream.count", messages).ok());
    EXPECT_EQ(messages.output().size(), 1000u);
    EXPECT_LE(most, 3u) << "the caller, the function and its reader";
  });
}

}  // namespace
}  // namespace novelo
