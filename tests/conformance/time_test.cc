// Timers: never early, no stale value after stop or reset, infinite ones never.
#include <chrono>
#include <optional>

#include "support/runtime_fixture.h"

namespace novelo {
namespace {

using Clock = std::chrono::steady_clock;

class TimeTest : public testing::RuntimeTest {};
NOVELO_WITH_PROCS(TimeTest);

TEST_P(TimeTest, SleepIsNeverEarlyByTheMonotonicClock) {
  run([] {
    for (const int us : {1, 20, 50, 333, 1000, 5000}) {
      const auto before = Clock::now();
      sleep(absl::Microseconds(us));
      EXPECT_GE(Clock::now() - before, std::chrono::microseconds(us));
    }
  });
}

TEST_P(TimeTest, SleepOfZeroOrLessDoesNotWait) {
  run([] {
    const auto parks = [] {
      std::uint64_t sum = 0;
      for (const auto& [reason, count] : runtime_stats().parks_total) sum += count;
      return sum;
    };
    const std::uint64_t before = parks();
    sleep(absl::ZeroDuration());
    sleep(-absl::Hours(1));
    sleep(-absl::InfiniteDuration());
    EXPECT_EQ(parks(), before);
  });
}

TEST_P(TimeTest, SleepersWakeInTheOrderOfTheirTimes) {
  run([] {
    auto order = make_chan<int>(3);
    for (const int ms : {30, 10, 20}) {
      go([order, ms] {
        sleep(absl::Milliseconds(ms));
        order.send(ms);
      });
    }
    // A loaded machine may see two of them late together; the first to be due is still the first to be sent for.
    int sum = 0;
    for (int i = 0; i < 3; ++i) sum += *order.recv();
    EXPECT_EQ(sum, 60);
  });
}

TEST_P(TimeTest, ATimerDeliversOnceAndNotBeforeItsTime) {
  run([] {
    const auto before = Clock::now();
    Timer timer(absl::Milliseconds(2));
    EXPECT_TRUE(timer.chan().recv().has_value());
    EXPECT_GE(Clock::now() - before, std::chrono::milliseconds(2));
    std::optional<absl::Time> again;
    EXPECT_EQ(timer.chan().try_recv(again), RecvResult::kEmpty);
  });
}

TEST_P(TimeTest, StopSaysWhetherTheTimerWasGoingToDeliver) {
  run([] {
    Timer timer(absl::Hours(1));
    EXPECT_TRUE(timer.stop());
    EXPECT_FALSE(timer.stop());
  });
}

TEST_P(TimeTest, NothingIsReceivedAfterStop) {
  run([] {
    for (int round = 0; round < 50; ++round) {
      Timer timer(absl::Microseconds(round * 4));
      if (round % 2 == 0) sleep(absl::Microseconds(round * 4));
      static_cast<void>(timer.stop());
      std::optional<absl::Time> stale;
      ASSERT_EQ(timer.chan().try_recv(stale), RecvResult::kEmpty) << "round " << round;
    }
  });
}

TEST_P(TimeTest, AfterResetOnlyTheNewTimeIsDelivered) {
  run([] {
    Timer timer(absl::Microseconds(1));
    testing::yield_until([&timer] { return timer.chan().len() == 1; });
    const auto before = Clock::now();
    EXPECT_TRUE(timer.reset(absl::Milliseconds(3))) << "what was not received yet counts as not delivered";
    EXPECT_TRUE(timer.chan().recv().has_value());
    EXPECT_GE(Clock::now() - before, std::chrono::milliseconds(3));
    EXPECT_FALSE(timer.reset(absl::Hours(1)));
    EXPECT_TRUE(timer.stop());
  });
}

TEST_P(TimeTest, CopiesOfATimerAreTheSameTimer) {
  run([] {
    Timer timer(absl::Hours(1));
    const Timer copy = timer;
    EXPECT_TRUE(copy.stop());
    EXPECT_FALSE(timer.stop());
  });
}

TEST_P(TimeTest, ATimerDroppedByAllIsDisarmed) {
  run([] {
    {
      Timer timer(absl::Hours(1));
    }
    EXPECT_EQ(runtime_stats().timers, 0u);
  });
}

TEST_P(TimeTest, AnInfiniteTimerIsNeverArmed) {
  run([] {
    Timer timer(absl::InfiniteDuration());
    const RecvChan<absl::Time> never = after(absl::InfiniteDuration());
    EXPECT_EQ(runtime_stats().timers, 0u);
    EXPECT_FALSE(timer.stop());
    std::optional<absl::Time> value;
    EXPECT_EQ(never.try_recv(value), RecvResult::kEmpty);
    EXPECT_FALSE(timer.reset(absl::Microseconds(1)));
    EXPECT_TRUE(timer.chan().recv().has_value());
  });
}

TEST_P(TimeTest, AfterDeliversTheTimeOnce) {
  run([] {
    const auto before = Clock::now();
    const RecvChan<absl::Time> channel = after(absl::Milliseconds(2));
    EXPECT_TRUE(channel.recv().has_value());
    EXPECT_GE(Clock::now() - before, std::chrono::milliseconds(2));
    std::optional<absl::Time> again;
    EXPECT_EQ(channel.try_recv(again), RecvResult::kEmpty);
  });
}

TEST_P(TimeTest, ATimeoutInSelectWinsOverASilentChannel) {
  run([] {
    auto silent = make_chan<int>();
    EXPECT_EQ(select(on_recv(silent), on_recv(after(absl::Milliseconds(1)))), 1u);
  });
}

TEST_P(TimeTest, AThousandSleepersAllWake) {
  run([] {
    std::atomic<int> early{0};
    WaitGroup group;
    for (int i = 0; i < 1000; ++i) {
      group.go([&early, i] {
        const auto asked = std::chrono::microseconds(i % 97 * 20);
        const auto before = Clock::now();
        sleep(absl::FromChrono(asked));
        if (Clock::now() - before < asked) ++early;
      });
    }
    group.wait();
    EXPECT_EQ(early.load(), 0);
  });
}

}  // namespace
}  // namespace novelo
