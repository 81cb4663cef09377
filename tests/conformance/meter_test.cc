// What a tree of goroutines uses, seen from outside and after its end.
#include "novelo/meter.h"

#include <chrono>
#include <thread>

#include "support/runtime_fixture.h"

namespace novelo {
namespace {

using Clock = std::chrono::steady_clock;

class MeterTest : public testing::RuntimeTest {};
NOVELO_WITH_PROCS(MeterTest);

// Keeps its processor, by no call of the runtime, for that long.
void compute(std::chrono::milliseconds time) {
  const auto end = Clock::now() + time;
  while (Clock::now() < end) {
  }
}

absl::Duration since(Clock::time_point start) {
  return absl::FromChrono(Clock::now() - start);
}

// The cycle counter is compared with the clock: not exact to the last digit.
absl::Duration nearly(absl::Duration time) {
  return 0.98 * time;
}

TEST_P(MeterTest, ANewMeterHasCountedNothing) {
  run([] {
    const Usage usage = Meter().usage();
    EXPECT_EQ(usage.cpu_time, absl::ZeroDuration());
    EXPECT_EQ(usage.runnable_time, absl::ZeroDuration());
    EXPECT_EQ(usage.parks, 0u);
    EXPECT_EQ(usage.goroutines, 0u);
  });
}

TEST_P(MeterTest, CpuTimeIsThatOfTheWholeTreeAndOfNobodyElse) {
  run([] {
    Meter meter;
    compute(std::chrono::milliseconds(5));
    const auto start = Clock::now();
    meter.run([] {
      compute(std::chrono::milliseconds(4));
      Scope scope;
      for (int i = 0; i < 2; ++i) {
        scope.go([] {
          compute(std::chrono::milliseconds(4));
          spawn([] { compute(std::chrono::milliseconds(4)); }).join();
        });
      }
      EXPECT_TRUE(scope.wait().ok());
    });
    const absl::Duration wall = since(start);
    const absl::Duration used = meter.usage().cpu_time;
    EXPECT_GE(used, nearly(absl::Milliseconds(20)));
    // Not by the number of processors: one that overruns its slice runs on while its processor serves another.
    constexpr int kAtOnce = 4;
    EXPECT_LE(nearly(used), wall * kAtOnce);
    compute(std::chrono::milliseconds(5));
    spawn([] { compute(std::chrono::milliseconds(5)); }).join();
    EXPECT_LE(nearly(meter.usage().cpu_time), used) << "what ran after run() was charged";
  });
}

TEST_P(MeterTest, TimeAsleepOrBlockedIsNotCpuTime) {
  run([] {
    Meter meter;
    const auto start = Clock::now();
    meter.run([] {
      sleep(absl::Milliseconds(15));
      blocking([] { std::this_thread::sleep_for(std::chrono::milliseconds(15)); });
    });
    EXPECT_LE(nearly(meter.usage().cpu_time), since(start) - absl::Milliseconds(30));
  });
}

TEST_P(MeterTest, ParksAndGoroutinesAreCountedExactly) {
  run([] {
    Meter meter;
    meter.run([] {
      for (int i = 0; i < 5; ++i) sleep(absl::Microseconds(50));
      yield();  // runnable all the time: no park
      blocking([] {});
      std::vector<JoinHandle<void>> children;
      for (int i = 0; i < 10; ++i) {
        children.push_back(spawn([] {
          sleep(absl::Milliseconds(5));
          go([] {});
        }));
      }
      testing::yield_until([] { return num_goroutines() == 1; });
      for (auto& child : children) child.join();  // has ended: no park
    });
    EXPECT_EQ(meter.usage().parks, 5u + 1u + 10u);
    EXPECT_EQ(meter.usage().goroutines, 20u);
  });
}

TEST_P(MeterTest, GoroutinesThatOutliveTheRunAreMeteredToTheirEnd) {
  run([] {
    Meter meter;
    auto gate = make_chan<Unit>();
    auto handle = meter.run([&] {
      return spawn([gate] {
        gate.recv();
        compute(std::chrono::milliseconds(5));
        go([] {});
      });
    });
    EXPECT_EQ(meter.usage().goroutines, 1u);
    gate.close();
    handle.join();
    EXPECT_GE(meter.usage().cpu_time, nearly(absl::Milliseconds(5)));
    EXPECT_EQ(meter.usage().goroutines, 2u);
    testing::yield_until([] { return num_goroutines() == 1; });
  });
}

TEST(MeterAloneTest, RunnableTimeIsTheWaitForAProcessor) {
  Runtime(RuntimeOptions{.max_procs = 1, .max_goroutines = 1024}).run([] {
    Meter meter;
    const auto handle = meter.run([] { return spawn([] {}); });
    compute(std::chrono::milliseconds(5));  // it is runnable, and the only processor is here
    testing::yield_until([] { return num_goroutines() == 1; });
    EXPECT_GE(meter.usage().runnable_time, nearly(absl::Milliseconds(5)));
    EXPECT_LE(nearly(meter.usage().cpu_time), absl::Milliseconds(5));
  });
}

TEST_P(MeterTest, InnerAndOuterMeterAreBothChargedAndTheSameOnlyOnce) {
  run([] {
    Meter outer;
    Meter inner;
    outer.run([&] {
      inner.run([&] {
        outer.run([] {
          sleep(absl::Microseconds(50));
          spawn([] { compute(std::chrono::milliseconds(4)); }).join();
        });
      });
      go([] {});
      testing::yield_until([] { return num_goroutines() == 1; });
    });
    EXPECT_EQ(inner.usage().goroutines, 1u);
    EXPECT_EQ(outer.usage().goroutines, 2u);
    EXPECT_EQ(inner.usage().parks, outer.usage().parks);
    EXPECT_GE(inner.usage().cpu_time, nearly(absl::Milliseconds(4)));
    EXPECT_GE(outer.usage().cpu_time, nearly(inner.usage().cpu_time));
  });
}

TEST_P(MeterTest, ASliceInProgressIsSeenFromOutside) {
  std::atomic<bool> has_seen{false};
  Meter meter;
  std::thread reader;
  run_with_foreign_threads([&] {
    reader = std::thread([&] {
      while (meter.usage().cpu_time < absl::Milliseconds(2)) std::this_thread::yield();
      has_seen = true;
    });
    meter.run([&] {
      while (!has_seen) {
      }
    });
  });
  reader.join();
  EXPECT_GE(meter.usage().cpu_time, nearly(absl::Milliseconds(2)));
}

TEST_P(MeterTest, WhatThrowsIsMeteredToo) {
  run([] {
    Meter meter;
    EXPECT_THROW(meter.run([] {
      spawn([] {}).join();
      throw std::runtime_error("out");
    }),
                 std::runtime_error);
    EXPECT_EQ(meter.usage().goroutines, 1u);
    spawn([] {}).join();
    EXPECT_EQ(meter.usage().goroutines, 1u);
  });
}

TEST_P(MeterTest, ACancelReachesWhatIsMetered) {
  run([] {
    Meter meter;
    auto child = spawn([meter]() mutable {
      meter.run([] {
        go([] { RecvChan<Unit>().recv(); });
        RecvChan<Unit>().recv();
      });
    });
    testing::yield_until_waiting(2);
    child.cancel();
    EXPECT_THROW(child.join(), JoinCancelled);
    testing::yield_until([] { return num_goroutines() == 1; });
    EXPECT_EQ(meter.usage().parks, 2u);
  });
}

TEST(MeterOutsideTest, RunOutsideAGoroutineIsAnError) {
  Meter meter;
  EXPECT_THROW(meter.run([] {}), RuntimeError);
}

}  // namespace
}  // namespace novelo
