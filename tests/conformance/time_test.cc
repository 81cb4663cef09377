// Timers: never early, no stale value after stop or reset, infinite ones never, dropped ones gone; functions after a
// time: where they run, what stop() says, and the ends of runs and runtimes.
#include <atomic>
#include <chrono>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>

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

TEST_P(TimeTest, ARunQueueThatIsAlwaysFullHoldsNoTimerUp) {
  run([] {
    bool done = false;
    Mutex mutex;
    const auto is_done = [&] {
      const std::lock_guard guard(mutex);
      return done;
    };
    WaitGroup group;
    for (int i = 0; i < 300 * GetParam(); ++i) {
      group.go([&] {
        while (!is_done()) yield();
      });
    }
    for (int i = 0; i < 20; ++i) sleep(absl::Microseconds(100));
    {
      const std::lock_guard guard(mutex);
      done = true;
    }
    group.wait();
  });
}

TEST_P(TimeTest, ATimeThatHasPassedIsDueAtOnce) {
  run([] {
    EXPECT_TRUE(Timer(absl::ZeroDuration()).chan().recv().has_value());
    EXPECT_TRUE(Timer(-absl::InfiniteDuration()).chan().recv().has_value());
    EXPECT_TRUE(after(-absl::Seconds(3)).recv().has_value());
    const auto ran = make_chan<Unit>();
    after_func(-absl::Seconds(1), [ran] { ran.close(); });
    ran.recv();
    testing::yield_until([] { return num_goroutines() == 1; });
  });
}

TEST_P(TimeTest, ATimeBeyondAllClocksOverflowsNothing) {
  run([] {
    const Timer timer(absl::Hours(1e12));
    EXPECT_TRUE(timer.reset(absl::Seconds(std::numeric_limits<std::int64_t>::max())));
    EXPECT_TRUE(timer.stop());
    EXPECT_EQ(with_timeout(absl::Hours(1e12), [] { yield(); }), absl::OkStatus());
  });
}

TEST_P(TimeTest, TheChannelOfATimerOutlivesItsHandles) {
  run([] {
    const RecvChan<absl::Time> channel = Timer(absl::Milliseconds(1)).chan();
    EXPECT_TRUE(channel.recv().has_value());
  });
}

TEST_P(TimeTest, AChannelTimerDroppedByAllIsCollected) {
  run([] {
    for (int i = 0; i < 1000; ++i) {
      const auto ready = make_chan<Unit>(1);
      ready.send({});
      EXPECT_EQ(select(on_recv(ready), on_recv(after(absl::Hours(1)))), 0u);
    }
    EXPECT_EQ(runtime_stats().timers, 0u);
    {
      const RecvChan<absl::Time> channel = Timer(absl::Hours(1)).chan();
      EXPECT_EQ(runtime_stats().timers, 1u);
    }
    EXPECT_EQ(runtime_stats().timers, 0u);
  });
}

TEST_P(TimeTest, ADroppedTimerAndOneThatFiresDoNotMeet) {
  run([] {
    for (int round = 0; round < 300; ++round) {
      RecvChan<absl::Time> channel = after(absl::Microseconds(round % 20));
      if (round % 3 == 0) yield();
      channel = {};  // while it may be firing
    }
    EXPECT_EQ(runtime_stats().timers, 0u);
  });
}

TEST_P(TimeTest, AFunctionRunsInAGoroutineOfItsOwnAndNotBeforeItsTime) {
  run([] {
    const auto before = Clock::now();
    const auto ran = make_chan<std::uint64_t>(1);
    const Timer timer = after_func(absl::Milliseconds(2), [ran] { ran.send(goroutine_id()); });
    EXPECT_NE(*ran.recv(), goroutine_id());
    EXPECT_GE(Clock::now() - before, std::chrono::milliseconds(2));
    EXPECT_FALSE(timer.stop()) << "it has begun";
    EXPECT_EQ(timer.chan(), RecvChan<absl::Time>()) << "there is no channel";
    testing::yield_until([] { return num_goroutines() == 1; });
  });
}

TEST_P(TimeTest, StopSaysWhetherItPreventedTheFunction) {
  run([] {
    std::atomic<bool> ran{false};
    const Timer timer = after_func(absl::Hours(1), [&ran] { ran = true; });
    EXPECT_TRUE(timer.stop());
    EXPECT_FALSE(timer.stop());
    EXPECT_FALSE(ran.load());
    // Against its firing: it ran, or stop() said that it will not.
    for (int round = 0; round < 200; ++round) {
      std::atomic<int> runs{0};
      const Timer racing = after_func(absl::Microseconds(round % 30), [&runs] { ++runs; });
      if (round % 2 == 0) sleep(absl::Microseconds(round % 30));
      const bool was_prevented = racing.stop();
      if (!was_prevented) testing::yield_until([&runs] { return runs.load() == 1; });
      testing::yield_until([] { return num_goroutines() == 1; });
      ASSERT_EQ(runs.load(), was_prevented ? 0 : 1) << "round " << round;
    }
  });
}

TEST_P(TimeTest, ResetCallsTheFunctionAgain) {
  run([] {
    const auto ran = make_chan<int>(8);
    const Timer timer = after_func(absl::Hours(1), [ran, n = 0]() mutable { ran.send(++n); });
    EXPECT_TRUE(timer.reset(absl::Microseconds(1)));
    EXPECT_EQ(*ran.recv(), 1);
    EXPECT_FALSE(timer.reset(absl::Microseconds(1)));
    EXPECT_EQ(*ran.recv(), 2);
    EXPECT_FALSE(timer.reset(absl::InfiniteDuration()));
    EXPECT_FALSE(timer.stop());
    testing::yield_until([] { return num_goroutines() == 1; });
  });
}

TEST_P(TimeTest, DroppingTheTimerOfAFunctionDoesNotStopIt) {
  run([] {
    const auto ran = make_chan<Unit>();
    after_func(absl::Milliseconds(1), [ran] { ran.close(); });
    ran.recv();
    testing::yield_until([] { return num_goroutines() == 1; });
  });
}

TEST_P(TimeTest, TheFunctionIsDestroyedWhenItIsStoppedAndDropped) {
  run([] {
    auto held = std::make_shared<int>(0);
    {
      const Timer timer = after_func(absl::Hours(1), [held] {});
      EXPECT_TRUE(timer.stop());
      EXPECT_TRUE(held.use_count() == 2);
    }
    EXPECT_EQ(held.use_count(), 1);
    const auto ran = make_chan<Unit>();
    after_func(absl::ZeroDuration(), [held, ran] { ran.close(); });
    ran.recv();
    testing::yield_until([&] { return held.use_count() == 1; });
    testing::yield_until([] { return num_goroutines() == 1; });
  });
}

TEST_P(TimeTest, AFunctionBelongsToTheOutermostScope) {
  run([] {
    std::atomic<bool> goes_on{false};
    std::atomic<bool> was_cancelled{false};
    const auto gate = make_chan<Unit>();
    {
      Scope scope;
      scope.go([&, gate] {
        after_func(absl::ZeroDuration(), [&, gate] {
          goes_on = true;
          try {
            gate.recv();
          } catch (const Cancelled&) {
            was_cancelled = true;
          }
        });
        testing::yield_until([&] { return goes_on.load(); });
      });
      scope.cancel();
    }  // it does not wait for that goroutine
    EXPECT_EQ(num_goroutines(), 2u);
    gate.close();
    testing::yield_until([] { return num_goroutines() == 1; });
    EXPECT_FALSE(was_cancelled.load());
  });
}

TEST_P(TimeTest, AFunctionThatThrowsIsAnUncaughtException) {
  std::atomic<int> uncaught{0};
  RuntimeOptions options;
  options.max_procs = GetParam();
  options.max_goroutines = 20'000;
  options.uncaught = UncaughtPolicy::kReport;
  options.on_uncaught = [&uncaught](std::uint64_t, std::exception_ptr) { ++uncaught; };
  Runtime(std::move(options)).run([&uncaught] {
    after_func(absl::ZeroDuration(), [] { throw std::runtime_error("late"); });
    testing::yield_until([&uncaught] { return uncaught.load() == 1; });
  });
}

TEST_P(TimeTest, AFunctionThatFindsNoPlaceRunsLater) {
  RuntimeOptions options;
  options.max_procs = GetParam();
  options.max_goroutines = 2;
  Runtime(std::move(options)).run([] {
    const auto gate = make_chan<Unit>();
    auto other = spawn([gate] { gate.recv(); });
    std::atomic<bool> ran{false};
    after_func(absl::ZeroDuration(), [&ran] { ran = true; });
    const auto before = Clock::now();
    while (Clock::now() - before < std::chrono::milliseconds(3)) yield();  // it is tried meanwhile
    EXPECT_FALSE(ran.load());
    gate.close();
    other.join();
    testing::yield_until([&ran] { return ran.load(); });
    testing::yield_until([] { return num_goroutines() == 1; });
  });
}

TEST_P(TimeTest, AFunctionMayBeCalledAfterTheRunThatAskedForItAndNotAfterTheRuntime) {
  std::atomic<bool> ran{false};
  auto never = std::make_shared<int>(0);
  std::optional<Timer> timer;
  {
    RuntimeOptions options;
    options.max_procs = GetParam();
    options.max_goroutines = 20'000;
    Runtime runtime(std::move(options));
    runtime.run([&] {
      after_func(absl::Microseconds(100), [&ran] { ran = true; });
      timer = after_func(absl::Hours(1), [never] {});
    });
    runtime.run([&] { testing::yield_until([&] { return ran.load(); }); });
    EXPECT_EQ(runtime_stats().timers, 1u);
  }
  EXPECT_FALSE(timer->stop());
  EXPECT_FALSE(timer->reset(absl::ZeroDuration()));
  timer.reset();
  EXPECT_EQ(never.use_count(), 1) << "the end of the runtime drops what is armed";
}

TEST_P(TimeTest, FunctionsDueWhileTheRuntimeEndsAreCalledOrDropped) {
  for (int round = 0; round < 30; ++round) {
    std::atomic<int> runs{0};
    auto held = std::make_shared<int>(0);
    {
      RuntimeOptions options;
      options.max_procs = GetParam();
      options.max_goroutines = 20'000;
      Runtime runtime(std::move(options));
      runtime.run([&] {
        for (int i = 0; i < 20; ++i) after_func(absl::Microseconds(i * 5), [&runs, held] { ++runs; });
      });
    }
    ASSERT_LE(runs.load(), 20);
    ASSERT_EQ(held.use_count(), 1) << "round " << round;
  }
}

TEST_P(TimeTest, AForeignThreadWaitsForATimer) {
  run_with_foreign_threads([] {
    std::atomic<bool> received{false};
    std::thread foreign([&received] { received = after(absl::Milliseconds(1)).recv().has_value(); });
    blocking([&foreign] { foreign.join(); });
    EXPECT_TRUE(received.load());
  });
}

TEST(TimeWithoutRuntime, ThereAreNoTimers) {
  EXPECT_THROW(Timer(absl::Seconds(1)), RuntimeError);
  EXPECT_THROW(after(absl::Seconds(1)), RuntimeError);
  EXPECT_THROW(Ticker(absl::Seconds(1)), RuntimeError);
  EXPECT_THROW(after_func(absl::Seconds(1), [] {}), RuntimeError);
}

}  // namespace
}  // namespace novelo
