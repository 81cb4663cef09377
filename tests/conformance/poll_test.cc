// NOVELO_POLL() in loops that call nothing else of the runtime.
#include "novelo/poll.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>
#include <utility>

#include "novelo/stack.h"
#include "support/runtime_fixture.h"

namespace novelo {
namespace {

class PollTest : public testing::RuntimeTest {};
NOVELO_WITH_PROCS(PollTest);

// Polls until the condition holds; false if that takes so long that it never will.
template <class Condition>
bool poll_until(Condition condition) {
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    for (int i = 0; i < 1000; ++i) NOVELO_POLL();
    if (std::chrono::steady_clock::now() > patience) return false;
  }
  return true;
}

int thread_number() {
  return static_cast<int>(syscall(SYS_gettid));
}

TEST_P(PollTest, ACollectionCompletesWhileAGoroutineOnlyPolls) {
  run([] {
    std::atomic<bool> is_in_loop{false};
    std::atomic<bool> is_collected{false};
    auto looping = spawn([&] {
      is_in_loop = true;
      return poll_until([&] { return is_collected.load(); });
    });
    testing::yield_until([&] { return is_in_loop.load(); });
    for (int i = 0; i < 3; ++i) gc::collect();
    is_collected = true;
    EXPECT_TRUE(looping.join());
  });
}

TEST_P(PollTest, WhatALoopRefersToOutlivesCollections) {
  run([] {
    struct Counter {
      std::int64_t polls = 0;
    };
    std::atomic<bool> is_over{false};
    auto looping = spawn([&] {
      const auto counter = gc::make<Counter>();
      const bool has_ended = poll_until([&] {
        ++counter->polls;
        return is_over.load();
      });
      return has_ended && counter->polls > 0;
    });
    for (int i = 0; i < 5; ++i) {
      gc::collect();
      for (int n = 0; n < 10'000; ++n) gc::make<Counter>()->polls = -1;
    }
    is_over = true;
    EXPECT_TRUE(looping.join());
  });
}

// A level takes a part of the stack and something that is to be destroyed.
[[gnu::noinline]] int descend(std::atomic<int>& alive) {  // NOLINT(misc-no-recursion)
  struct Counted {
    explicit Counted(std::atomic<int>& the_count) : count(the_count) { ++count; }
    ~Counted() { --count; }
    std::atomic<int>& count;
  } const one(alive);
  volatile unsigned char frame[256];
  frame[0] = 1;
  NOVELO_POLL();
  return alive < 0 ? 0 : descend(alive) + frame[0];
}

TEST_P(PollTest, AStackThatIsUsedUpEndsItsGoroutineAtAPoll) {
  RuntimeOptions options;
  options.max_procs = GetParam();
  options.max_goroutines = 20'000;
  options.max_stack_bytes = std::size_t{1} << 20;
  Runtime runtime(std::move(options));
  runtime.run([] {
    std::atomic<int> alive{0};
    auto deep = spawn([&] { return descend(alive); });
    EXPECT_THROW(deep.join(), StackOverflow);
    EXPECT_EQ(alive, 0);
  });
}

TEST_P(PollTest, ACancellationIsNotDeliveredAtAPollButAtTheNextBlockingCall) {
  run([] {
    std::atomic<bool> is_cancelled{false};
    std::atomic<bool> is_past_polls{false};
    std::atomic<bool> is_past_yield{false};
    std::atomic<bool> is_member{false};
    auto looping = spawn([&] {
      yield();  // its scope knows it from here on
      is_member = true;
      if (!poll_until([&] { return is_cancelled.load(); })) return;
      for (int i = 0; i < 1000; ++i) NOVELO_POLL();
      is_past_polls = true;
      yield();
      is_past_yield = true;
    });
    testing::yield_until([&] { return is_member.load(); });
    looping.cancel();
    is_cancelled = true;
    EXPECT_THROW(looping.join(), JoinCancelled);
    EXPECT_TRUE(is_past_polls);
    EXPECT_FALSE(is_past_yield);
  });
}

TEST_P(PollTest, OnOtherThreadsNothingHappens) {
  NOVELO_POLL();
  run_with_foreign_threads([] {
    int polls = 0;
    std::thread([&polls] {
      for (; polls < 1000; ++polls) NOVELO_POLL();
    }).join();
    EXPECT_EQ(polls, 1000);
  });
  NOVELO_POLL();
}

// Without the polls the loop would keep its thread, and the other run on another one. On one processor: with more of
// them than the machine has, processors are taken away from threads that wait for a CPU, whatever those poll.
TEST(PollOnOneProcessorTest, OthersHaveTheirTurnsOnTheThreadOfALoopThatPolls) {
  RuntimeOptions options;
  options.max_procs = 1;
  options.max_goroutines = 20'000;
  Runtime(std::move(options)).run([] {
    struct Turn {
      std::uint32_t number = 0;
      int thread = 0;
    };
    std::atomic<Turn> turn_of_other{};
    std::atomic<bool> is_over{false};
    auto looping = spawn([&] {
      const std::uint32_t first = turn_of_other.load().number;
      const bool is_seen = poll_until([&] {
        const Turn turn = turn_of_other;
        return turn.number > first && turn.thread == thread_number();
      });
      is_over = true;
      return is_seen;
    });
    for (Turn turn; !is_over;) {
      turn = {turn.number + 1, thread_number()};
      turn_of_other = turn;
      yield();
    }
    EXPECT_TRUE(looping.join());
  });
}

TEST(PollDeterministicTest, APollIsAPlaceWhereOthersMayGoFirst) {
  int times_overtaken = 0;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    RuntimeOptions options;
    options.seed = seed;
    options.max_goroutines = 100;
    Runtime(std::move(options)).run([&] {
      bool has_other_run = false;
      auto other = spawn([&] { has_other_run = true; });
      const bool had_other_run = has_other_run;  // spawn() is such a place too
      for (int i = 0; i < 3; ++i) NOVELO_POLL();
      if (has_other_run && !had_other_run) ++times_overtaken;
      other.join();
    });
  }
  EXPECT_GT(times_overtaken, 0);
  EXPECT_LT(times_overtaken, 50);
}

TEST(PollDeterministicTest, InsideBlockingNobodyGoesFirst) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    RuntimeOptions options;
    options.seed = seed;
    options.max_goroutines = 100;
    Runtime(std::move(options)).run([] {
      bool has_other_run = false;
      auto other = spawn([&] { has_other_run = true; });
      blocking([&] {
        const bool had_other_run = has_other_run;
        for (int i = 0; i < 20; ++i) NOVELO_POLL();
        EXPECT_EQ(has_other_run, had_other_run);
      });
      other.join();
    });
  }
}

}  // namespace
}  // namespace novelo
