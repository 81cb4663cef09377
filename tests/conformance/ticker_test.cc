// Ticker: ticks that do not pile up, resetting, stopping, and what is left of one that is gone.
#include <chrono>
#include <optional>

#include "support/runtime_fixture.h"

namespace novelo {
namespace {

using Clock = std::chrono::steady_clock;

class TickerTest : public testing::RuntimeTest {};
NOVELO_WITH_PROCS(TickerTest);

TEST_P(TickerTest, TicksAgainAndAgainAndNeverEarly) {
  run([] {
    const auto before = Clock::now();
    const Ticker ticker(absl::Milliseconds(1));
    for (int i = 1; i <= 5; ++i) {
      ASSERT_TRUE(ticker.chan().recv().has_value());
      EXPECT_GE(Clock::now() - before, std::chrono::milliseconds(i));
    }
  });
}

TEST_P(TickerTest, DropsTicksForASlowReceiver) {
  run([] {
    const Ticker ticker(absl::Microseconds(100));
    sleep(absl::Milliseconds(5));
    EXPECT_EQ(ticker.chan().len(), 1u);
    static_cast<void>(ticker.stop());
    EXPECT_EQ(ticker.chan().len(), 0u);
  });
}

TEST_P(TickerTest, APeriodThatIsNotAboveZeroThrows) {
  run([] {
    EXPECT_THROW(Ticker{absl::ZeroDuration()}, RuntimeError);
    EXPECT_THROW(Ticker{-absl::Seconds(1)}, RuntimeError);
    const Ticker ticker(absl::Hours(1));
    EXPECT_THROW(ticker.reset(absl::ZeroDuration()), RuntimeError);
    EXPECT_THROW(ticker.reset(-absl::InfiniteDuration()), RuntimeError);
    EXPECT_TRUE(ticker.stop()) << "a reset that threw changed nothing";
  });
}

TEST_P(TickerTest, APeriodBelowANanosecondTicks) {
  run([] {
    const Ticker ticker(absl::Nanoseconds(1) / 4);
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(ticker.chan().recv().has_value());
  });
}

TEST_P(TickerTest, NothingIsReceivedAfterStop) {
  run([] {
    const Ticker ticker(absl::Microseconds(1));
    testing::yield_until([&] { return ticker.chan().len() == 1; });
    EXPECT_TRUE(ticker.stop());
    std::optional<absl::Time> stale;
    EXPECT_EQ(ticker.chan().try_recv(stale), RecvResult::kEmpty);
    EXPECT_FALSE(ticker.stop());
    EXPECT_EQ(runtime_stats().timers, 0u);
  });
}

TEST_P(TickerTest, AfterResetTheNextTickIsANewPeriodAway) {
  run([] {
    const Ticker ticker(absl::Microseconds(1));
    testing::yield_until([&] { return ticker.chan().len() == 1; });
    const auto before = Clock::now();
    EXPECT_TRUE(ticker.reset(absl::Milliseconds(3)));
    for (int i = 1; i <= 2; ++i) {
      ASSERT_TRUE(ticker.chan().recv().has_value());
      EXPECT_GE(Clock::now() - before, i * std::chrono::milliseconds(3));
    }
  });
}

TEST_P(TickerTest, AStoppedOneGoesOnAfterReset) {
  run([] {
    const Ticker ticker(absl::Hours(1));
    EXPECT_TRUE(ticker.stop());
    EXPECT_FALSE(ticker.reset(absl::Microseconds(10)));
    EXPECT_TRUE(ticker.chan().recv().has_value());
    EXPECT_TRUE(ticker.chan().recv().has_value());
  });
}

TEST_P(TickerTest, StopsInItsDestructorAndItsChannelStaysOpen) {
  run([] {
    RecvChan<absl::Time> left;
    {
      const Ticker ticker(absl::Microseconds(1));
      left = ticker.chan();
      testing::yield_until([&] { return left.len() == 1; });
    }
    EXPECT_EQ(runtime_stats().timers, 0u);
    std::optional<absl::Time> stale;
    EXPECT_EQ(left.try_recv(stale), RecvResult::kEmpty) << "neither a tick nor closed";
  });
}

TEST_P(TickerTest, AnInfinitePeriodNeverTicks) {
  run([] {
    const Ticker ticker(absl::InfiniteDuration());
    EXPECT_EQ(runtime_stats().timers, 0u);
    EXPECT_FALSE(ticker.stop());
  });
}

}  // namespace
}  // namespace novelo
