// Deterministic mode: the same seed goes the same way, time is virtual, and exploring finds what chance would hide.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "novelo/testing.h"

namespace novelo {
namespace {

RuntimeOptions seeded(std::uint64_t seed) {
  RuntimeOptions options;
  options.seed = seed;
  options.max_goroutines = 20'000;
  return options;
}

// A program that uses what there is and writes down what happens, in order.
std::string trace_of(RuntimeOptions options) {
  std::string trace;
  Runtime runtime(std::move(options));
  runtime.run([&trace] {
    const auto note = [&trace](int who, int what) { trace += std::to_string(who) + ":" + std::to_string(what) + " "; };
    const auto a = make_chan<int>();
    const auto b = make_chan<int>(2);
    Mutex mutex;
    Scope scope;
    for (int who = 0; who < 4; ++who) {
      scope.go([&, who] {
        for (int i = 0; i < 20; ++i) {
          select(on_send(a, i, [&] { note(who, i); }), on_send(b, 100 + i, [&] { note(who, 100 + i); }));
          const std::lock_guard lock(mutex);
          if (i % 5 == who) sleep(absl::Milliseconds(1));
          yield();
        }
      });
    }
    Scope readers;
    for (int who = 10; who < 12; ++who) {
      readers.go([&, who] {
        const Timer patience(absl::Milliseconds(3));
        for (;;) {
          select(on_recv(a, [&](std::optional<int> v) { note(who, *v); }),
                 on_recv(b, [&](std::optional<int> v) { note(who, *v); }),
                 on_recv(patience.chan(), [&](std::optional<absl::Time>) {
                   note(who, -1);
                   patience.reset(absl::Milliseconds(3));
                 }));
        }
      });
    }
    EXPECT_TRUE(scope.wait().ok());
    readers.cancel();
    static_cast<void>(readers.wait());
    spawn([&] {
      note(20, static_cast<int>(absl::ToInt64Milliseconds(now() - absl::FromUnixSeconds(946684800))));
    }).join();
  });
  return trace;
}

TEST(DeterministicTest, TheSameSeedGivesTheSameRunToTheLastEvent) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const std::string first = trace_of(seeded(seed));
    EXPECT_GT(first.size(), 500u);
    for (int again = 0; again < 3; ++again) ASSERT_EQ(trace_of(seeded(seed)), first) << "seed " << seed;
  }
}

TEST(DeterministicTest, OtherSeedsGiveOtherRuns) {
  std::set<std::string> traces;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) traces.insert(trace_of(seeded(seed)));
  EXPECT_EQ(traces.size(), 30u);
}

TEST(DeterministicTest, ARecordingRepeatsTheRunWithAnotherSeed) {
  std::vector<std::uint32_t> choices;
  RuntimeOptions recorded = seeded(7);
  recorded.record = &choices;
  const std::string trace = trace_of(std::move(recorded));
  EXPECT_GT(choices.size(), 100u);
  RuntimeOptions repeated = seeded(8);
  repeated.replay = choices;
  EXPECT_EQ(trace_of(std::move(repeated)), trace);
}

TEST(DeterministicTest, SleepingCostsNothingWhenAllWait) {
  const absl::Time began = absl::Now();
  absl::Duration slept;
  Runtime(seeded(1)).run([&] {
    const absl::Time before = now();
    sleep(absl::Hours(1000));
    slept = now() - before;
  });
  EXPECT_EQ(slept, absl::Hours(1000));
  EXPECT_LT(absl::Now() - began, absl::Hours(1));
}

TEST(DeterministicTest, TimersFireAtTheirVirtualTimeAndInOrder) {
  Runtime(seeded(3)).run([] {
    const absl::Time start = now();
    EXPECT_EQ(start, absl::FromUnixSeconds(946684800));
    std::vector<int> order;
    Scope scope;
    for (const int hours : {5, 1, 4, 2, 3}) {
      scope.go([&, hours] {
        sleep(absl::Hours(hours));
        EXPECT_EQ(now() - start, absl::Hours(hours));
        order.push_back(hours);
      });
    }
    EXPECT_TRUE(scope.wait().ok());
    EXPECT_EQ(order, (std::vector<int>{1, 2, 3, 4, 5}));
    EXPECT_EQ(after(absl::Minutes(1)).recv(), start + absl::Hours(5) + absl::Minutes(1));
    EXPECT_TRUE(absl::IsDeadlineExceeded(with_timeout(absl::Hours(2), [] { sleep(absl::Hours(3)); })));
    EXPECT_EQ(now() - start, absl::Hours(7) + absl::Minutes(1));
  });
}

TEST(DeterministicTest, WhichOfTwoSimultaneousTimersFiresFirstIsDrawn) {
  std::set<std::size_t> first;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Runtime(seeded(seed)).run([&] {
      const Timer one(absl::Seconds(1));
      const Timer two(absl::Seconds(1));
      first.insert(select(on_recv(one.chan()), on_recv(two.chan())));
    });
  }
  EXPECT_EQ(first.size(), 2u);
}

TEST(DeterministicTest, ADeadlockIsFoundThoughThereIsOneProcessor) {
  EXPECT_THROW(Runtime(seeded(1)).run([] { make_chan<int>().recv(); }), DeadlockError);
}

TEST(DeterministicTest, MaxProcsIsIgnored) {
  RuntimeOptions options = seeded(1);
  options.max_procs = 8;
  Runtime runtime(std::move(options));
  EXPECT_EQ(max_procs(), 1);
}

TEST(DeterministicTest, BlockingRunsInPlace) {
  Runtime(seeded(1)).run([] { EXPECT_EQ(blocking([] { return 7; }), 7); });
}

TEST(DeterministicTest, OrdinaryTimeIsBackAfterwards) {
  Runtime(seeded(1)).run([] { sleep(absl::Hours(1)); });
  EXPECT_LT(absl::AbsDuration(now() - absl::Now()), absl::Minutes(1));
}

// The explorer.

// An update that another goroutine may come between.
void lose_an_update() {
  int balance = 0;
  Scope scope;
  for (int i = 0; i < 2; ++i) {
    scope.go([&balance] {
      const int seen = balance;
      yield();
      balance = seen + 1;
    });
  }
  static_cast<void>(scope.wait());
  if (balance != 2) throw RuntimeError("an update was lost");
}

TEST(ExploreTest, FindsALostUpdateAndItsRecordingRepeatsIt) {
  const testing::Exploration found = testing::explore({.runs = 100}, lose_an_update);
  ASSERT_TRUE(found.failure.has_value());
  EXPECT_LT(found.runs, 100);
  EXPECT_NE(found.failure->text.find("an update was lost"), std::string::npos);
  EXPECT_NE(found.failure->text.find("NOVELO_SEED=" + std::to_string(found.failure->recording.seed)),
            std::string::npos);
  const auto again = testing::replay(found.failure->recording, lose_an_update);
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->recording.choices, found.failure->recording.choices);
}

TEST(ExploreTest, FindsChannelsTakenInOppositeOrder) {
  const testing::Exploration found = testing::explore({.runs = 200}, [] {
    const auto a = make_chan<Unit>(1);
    const auto b = make_chan<Unit>(1);
    auto one = spawn([=] {
      a.send({});
      b.send({});
      b.recv();
      a.recv();
    });
    auto two = spawn([=] {
      b.send({});
      a.send({});
      a.recv();
      b.recv();
    });
    one.join();
    two.join();
  });
  ASSERT_TRUE(found.failure.has_value());
  EXPECT_NE(found.failure->text.find("deadlock"), std::string::npos) << found.failure->text;
}

TEST(ExploreTest, AnUncaughtExceptionOfAGoroutineIsAFailure) {
  const testing::Exploration found = testing::explore({.runs = 3}, [] {
    go([] { throw RuntimeError("nobody joins me"); });
    sleep(absl::Seconds(1));
  });
  ASSERT_TRUE(found.failure.has_value());
  EXPECT_NE(found.failure->text.find("nobody joins me"), std::string::npos) << found.failure->text;
}

TEST(ExploreTest, ABodyWithoutFaultRunsAsOftenAsAsked) {
  int runs = 0;
  bool has_failed = false;
  const testing::Exploration all =
      testing::explore({.runs = 25, .has_failed = [&] { return has_failed; }}, [&] { ++runs; });
  EXPECT_FALSE(all.failure.has_value());
  EXPECT_EQ(all.runs, 25);
  EXPECT_EQ(runs, 25);
  has_failed = true;
  EXPECT_TRUE(testing::explore({.runs = 25, .has_failed = [&] { return has_failed; }}, [] {}).failure.has_value());
}

TEST(ExploreTest, TheSeedOfTheEnvironmentRunsAlone) {
  setenv("NOVELO_SEED", "4711", 1);
  int runs = 0;
  const testing::Exploration one = testing::explore({.runs = 25}, [&] {
    ++runs;
    throw RuntimeError("always");
  });
  unsetenv("NOVELO_SEED");
  EXPECT_EQ(runs, 1);
  ASSERT_TRUE(one.failure.has_value());
  EXPECT_EQ(one.failure->recording.seed, 4711u);
}

}  // namespace
}  // namespace novelo
