// What the scheduler owes to every goroutine: a turn, in bounded time, whatever the others do.
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "support/runtime_fixture.h"

namespace novelo {
namespace {

using Clock = std::chrono::steady_clock;

class SchedulerTest : public testing::RuntimeTest {};
NOVELO_WITH_PROCS(SchedulerTest);

// Two that keep making each other ready always run next; a third one must still have its turn.
TEST_P(SchedulerTest, APingPongPairDoesNotStarveAThirdGoroutine) {
  run([] {
    auto ping = make_chan<int>();
    auto pong = make_chan<int>();
    std::atomic<bool> third_ran{false};
    std::vector<JoinHandle<void>> spinners;
    auto pair = spawn([&] {
      for (int& value : ping) pong.send(value);
    });
    for (int i = 0; i < max_procs(); ++i) {
      // Every other processor is busy as well, so that nobody idle comes and helps.
      spinners.push_back(spawn([&third_ran] {
        while (!third_ran.load()) yield();
      }));
    }
    go([&third_ran] { third_ran = true; });
    std::int64_t trips = 0;
    while (!third_ran.load()) {
      ping.send(1);
      pong.recv();
      ASSERT_LT(++trips, 5'000'000);
    }
    ping.close();
    pair.join();
    for (auto& spinner : spinners) spinner.join();
    EXPECT_TRUE(third_ran.load());
  });
}

// Each starts the next one, which runs at once, and ends: nobody lives to be asked to yield.
TEST_P(SchedulerTest, ARelayOfShortGoroutinesDoesNotStarveAThirdGoroutine) {
  run([] {
    struct Relay {
      static void run(std::atomic<bool>& is_over, std::atomic<std::int64_t>& legs) {
        if (is_over || ++legs > 20'000'000) return;
        go([&is_over, &legs] { run(is_over, legs); });
      }
    };
    std::atomic<bool> third_ran{false};
    std::atomic<std::int64_t> legs{0};
    Scope scope;
    // As many as there are processors, so that nobody idle comes and helps.
    for (int i = 0; i < max_procs(); ++i) scope.go([&] { Relay::run(third_ran, legs); });
    scope.go([&] {
      for (int turns = 0; turns < 5; ++turns) yield();
      third_ran = true;
    });
    EXPECT_TRUE(scope.wait().ok());
    EXPECT_LT(legs.load(), 20'000'000);
  });
}

TEST_P(SchedulerTest, GoroutinesThatYieldTakeTurns) {
  run([] {
    constexpr int kTurns = 500;
    std::vector<std::atomic<int>> turns(8);
    WaitGroup group;
    for (std::size_t i = 0; i < turns.size(); ++i) {
      group.go([&, i] {
        for (int n = 1; n <= kTurns; ++n) {
          turns[i] = n;
          yield();
        }
      });
    }
    group.wait();
    for (const auto& one : turns) EXPECT_EQ(one.load(), kTurns);
  });
}

// More loops without a call than processors: the others wait for a slice and the watcher, not for the loops' end.
TEST_P(SchedulerTest, LoopsWithoutCallsDelayOthersByABoundedTime) {
  run([] {
    std::atomic<bool> stop{false};
    WaitGroup loops;
    for (int i = 0; i < max_procs(); ++i) {
      loops.go([&stop] {
        while (!stop.load(std::memory_order_relaxed)) {
        }
      });
    }
    const auto before = Clock::now();
    for (int i = 0; i < 5; ++i) {
      sleep(absl::Milliseconds(1));
      yield();
    }
    const auto took = Clock::now() - before;
    stop = true;
    loops.wait();
    EXPECT_LT(took, std::chrono::seconds(10)) << "a slice is 10 ms; the rest is for a loaded machine";
  });
}

// read() blocks the thread, and nobody said so: the processor is taken from it like from a loop.
TEST_P(SchedulerTest, AReadThatBlocksWithoutBlockingDelaysOthersByABoundedTime) {
  run([] {
    std::vector<std::array<int, 2>> pipes(static_cast<std::size_t>(max_procs()));
    WaitGroup readers;
    std::atomic<int> read_bytes{0};
    for (auto& ends : pipes) {
      ASSERT_EQ(pipe(ends.data()), 0);
      readers.go([&read_bytes, from = ends[0]] {
        char byte = 0;
        read_bytes += static_cast<int>(read(from, &byte, 1));
      });
    }
    auto other = spawn([] {
      for (int i = 0; i < 3; ++i) yield();
      return 1;
    });
    EXPECT_EQ(other.join(), 1) << "it ran though every processor's thread was blocked";
    for (auto& ends : pipes) ASSERT_EQ(write(ends[1], "x", 1), 1);
    readers.wait();
    EXPECT_EQ(read_bytes.load(), max_procs());
    for (auto& ends : pipes) {
      close(ends[0]);
      close(ends[1]);
    }
  });
}

TEST_P(SchedulerTest, AMillisecondSleepIsOnTimeWhileNothingElseRuns) {
  run([] {
    auto best = Clock::duration::max();
    for (int i = 0; i < 10; ++i) {
      const auto before = Clock::now();
      sleep(absl::Milliseconds(1));
      best = std::min(best, Clock::now() - before);
    }
    EXPECT_GE(best, std::chrono::milliseconds(1));
    EXPECT_LT(best, std::chrono::milliseconds(100));
  });
}

TEST_P(SchedulerTest, AnIdleRuntimeUsesNoProcessorTime) {
  run_with_foreign_threads([] {
    const auto used = [] {
      rusage usage;
      getrusage(RUSAGE_SELF, &usage);
      return std::chrono::seconds(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
             std::chrono::microseconds(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    };
    auto gate = make_chan<Unit>();
    std::chrono::microseconds spent{};
    std::thread foreign([&] {
      // Idle means: everybody waits and no machine looks for work any more.
      while (runtime_stats().goroutines_waiting == 0 || runtime_stats().procs_running > 0) std::this_thread::yield();
      const auto before = used();
      std::this_thread::sleep_for(std::chrono::milliseconds(300));
      spent = used() - before;
      gate.close();
    });
    gate.recv();
    blocking([&foreign] { foreign.join(); });
    EXPECT_LT(spent, std::chrono::milliseconds(60)) << "of 300 ms";
  });
}

TEST_P(SchedulerTest, AFewHundredBlockedThreadsLeaveTheProcessorsToOthers) {
  run([] {
    constexpr int kBlocked = 100;
    std::atomic<bool> gate{false};
    std::atomic<int> inside{0};
    WaitGroup blocked;
    for (int i = 0; i < kBlocked; ++i) {
      blocked.go([&] {
        blocking([&] {
          ++inside;
          gate.wait(false);
        });
      });
    }
    testing::yield_until([&inside] { return inside.load() == kBlocked; });
    EXPECT_GE(runtime_stats().threads_blocked, static_cast<std::uint64_t>(kBlocked));
    gate = true;
    gate.notify_all();
    blocked.wait();
    testing::yield_until([] { return num_goroutines() == 1; });
    EXPECT_EQ(inside.load(), kBlocked);
  });
}

TEST_P(SchedulerTest, AGoroutineThatMovesBetweenThreadsKeepsItsIdAndScope) {
  run([] {
    WaitGroup group;
    std::atomic<int> wrong{0};
    for (int i = 0; i < 20; ++i) {
      group.go([&wrong] {
        const std::uint64_t id = goroutine_id();
        for (int n = 0; n < 50; ++n) {
          if (n % 10 == 0) {
            blocking([] { std::this_thread::yield(); });
          } else {
            yield();
          }
          if (goroutine_id() != id) ++wrong;
        }
      });
    }
    group.wait();
    EXPECT_EQ(wrong.load(), 0);
  });
}

}  // namespace
}  // namespace novelo
