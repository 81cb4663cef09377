// Once and OnceValue: one call, whatever becomes of it, and everybody after its end.
#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/runtime_fixture.h"

namespace novelo {
namespace {

class OnceTest : public testing::RuntimeTest {};
NOVELO_WITH_PROCS(OnceTest);

TEST_P(OnceTest, OneCallRunsAndNobodyReturnsBeforeItsEnd) {
  run([] {
    Once once;
    int calls = 0;
    std::atomic<bool> has_ended{false};
    std::atomic<int> too_early{0};
    WaitGroup group;
    for (int i = 0; i < 20; ++i) {
      group.go([&] {
        once.call([&] {
          ++calls;
          for (int n = 0; n < 10; ++n) yield();
          has_ended = true;
        });
        if (!has_ended.load()) ++too_early;
      });
    }
    group.wait();
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(too_early.load(), 0);
  });
}

TEST_P(OnceTest, ACallThatThrowsCountsAndOnlyItsCallerSeesIt) {
  run([] {
    Once once;
    int calls = 0;
    EXPECT_THROW(once.call([&] {
      ++calls;
      throw std::runtime_error("first");
    }),
                 std::runtime_error);
    once.call([&] { ++calls; });
    EXPECT_EQ(calls, 1);
  });
}

TEST_P(OnceTest, ACallThatGoexitsCounts) {
  run([] {
    Once once;
    auto leaving = spawn([&] { once.call([] { goexit(); }); });
    EXPECT_THROW(leaving.join(), RuntimeError);
    int calls = 0;
    once.call([&] { ++calls; });
    EXPECT_EQ(calls, 0);
  });
}

TEST_P(OnceTest, AWaiterLeavesByACancellationAndTheCallGoesOn) {
  run([] {
    Once once;
    const auto may_end = make_chan<Unit>();
    auto running = spawn([&, may_end] { once.call([may_end] { may_end.recv(); }); });
    testing::yield_until_waiting(1);
    auto waiting = spawn([&] { once.call([] {}); });
    testing::yield_until_waiting(2);
    waiting.cancel();
    EXPECT_THROW(waiting.join(), JoinCancelled);
    may_end.close();
    running.join();
    once.call([] { ADD_FAILURE() << "it was done"; });
  });
}

TEST_P(OnceTest, ACallFromWithinWaitsForItself) {
  run([] {
    Once once;
    const absl::Status status = with_timeout(absl::Milliseconds(1), [&] { once.call([&] { once.call([] {}); }); });
    EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  });
}

TEST_P(OnceTest, AValueIsMadeOnceAndTheSameForAll) {
  run([] {
    int calls = 0;
    const OnceValue<std::string> value([&] {
      ++calls;
      yield();
      return std::string("made");
    });
    std::vector<const std::string*> seen(10);
    WaitGroup group;
    for (auto& one : seen) group.go([&] { one = &value(); });
    group.wait();
    EXPECT_EQ(calls, 1);
    for (const std::string* one : seen) EXPECT_EQ(one, seen[0]);
    EXPECT_EQ(*seen[0], "made");
  });
}

TEST_P(OnceTest, AValueThatCouldNotBeMadeThrowsTheSameEachTime) {
  run([] {
    int calls = 0;
    OnceValue<int> value([&]() -> int {
      ++calls;
      throw std::runtime_error("no " + std::to_string(calls));
    });
    for (int i = 0; i < 3; ++i) {
      try {
        value();
        ADD_FAILURE() << "did not throw";
      } catch (const std::runtime_error& error) {
        EXPECT_STREQ(error.what(), "no 1");
      }
    }
    EXPECT_EQ(calls, 1);
  });
}

TEST_P(OnceTest, AValueWhoseFunctionGoexitsIsARuntimeErrorForTheOthers) {
  run([] {
    OnceValue<int> value([]() -> int { goexit(); });
    auto leaving = spawn([&] { value(); });
    EXPECT_THROW(leaving.join(), RuntimeError);
    EXPECT_THROW(value(), RuntimeError);
  });
}

TEST_P(OnceTest, TheFunctionOfAValueIsReleasedAfterTheCall) {
  run([] {
    auto held = std::make_shared<int>(7);
    OnceValue<int> value([held] { return *held; });
    EXPECT_EQ(held.use_count(), 2);
    EXPECT_EQ(value(), 7);
    EXPECT_EQ(held.use_count(), 1);
  });
}

}  // namespace
}  // namespace novelo
