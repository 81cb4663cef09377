// Storms of goroutines from foreign threads while goroutines start goroutines.
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include "novelo/novelo.h"
#include "support/seed.h"

namespace novelo {
namespace {

// Property: each goroutine that was posted or started runs once; none lies in a queue while processors are idle.
// Method:   storms with pauses in which the runtime goes idle, so that wakes race with going to sleep.
TEST(SchedulerStress, EveryGoroutineOfAStormRunsOnce) {
  const std::uint64_t seed = testing::seed();
  RuntimeOptions options;
  options.max_procs = 4;
  options.max_goroutines = 20'000;
  Runtime runtime(std::move(options));
  std::atomic<std::int64_t> expected{0};
  std::atomic<std::int64_t> ran{0};
  const testing::For running(std::chrono::milliseconds(900));
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937_64 random(seed + t);
      while (running) {
        const auto burst = 1 + random() % (random() % 8 == 0 ? 500 : 8);
        for (std::uint64_t i = 0; i < burst; ++i) {
          const auto children = static_cast<int>(random() % 4);
          expected += 1 + children;
          runtime.post([&ran, children] {
            for (int child = 0; child < children; ++child) {
              go([&ran, child] {
                if (child % 2 == 0) yield();
                ++ran;
              });
            }
            ++ran;
          });
        }
        // Waits for its own storm's end now and then: what is lost would hang here.
        if (random() % 2 == 0) {
          while (ran.load() < expected.load() && num_goroutines() > 0) std::this_thread::yield();
        }
        while (num_goroutines() > 10'000) std::this_thread::yield();
        std::this_thread::sleep_for(std::chrono::microseconds(random() % 100));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  while (ran.load() < expected.load()) std::this_thread::yield();
  EXPECT_EQ(ran.load(), expected.load());
}

// Property: a wake between two goroutines of different processors is never lost.
TEST(SchedulerStress, PairsThatWakeEachOtherNeverStop) {
  RuntimeOptions options;
  options.max_procs = 4;
  options.max_goroutines = 20'000;
  Runtime runtime(std::move(options));
  std::int64_t trips = 0;
  runtime.run([&trips] {
    const testing::For running(std::chrono::milliseconds(700));
    WaitGroup group;
    std::atomic<std::int64_t> total{0};
    for (int pair = 0; pair < 3; ++pair) {
      group.go([&] {
        auto ping = make_chan<int>();
        auto pong = make_chan<int>();
        auto other = spawn([ping, pong] {
          for (int& value : ping) pong.send(value);
        });
        while (running) {
          ping.send(1);
          pong.recv();
          ++total;
        }
        ping.close();
        other.join();
      });
    }
    group.wait();
    trips = total.load();
  });
  EXPECT_GT(trips, 100);
}

// Property: a machine that goes to sleep at the end of one run does not take the first goroutine of the next for stuck.
TEST(SchedulerStress, RunsThatFollowEachOtherAreNotTakenForADeadlock) {
  RuntimeOptions options;
  options.max_procs = 4;
  options.max_goroutines = 20'000;
  Runtime runtime(std::move(options));
  const testing::For running(std::chrono::milliseconds(800));
  int runs = 0;
  while (running) {
    ASSERT_NO_THROW(runtime.run([] {
      WaitGroup group;
      for (int i = 0; i < 4; ++i) group.go([] { yield(); });
      group.wait();
    })) << "run "
        << runs;
    ++runs;
  }
  EXPECT_GT(runs, 0);
}

TEST(SchedulerStress, RunsAtOneTimeAreNotTakenForADeadlock) {
  RuntimeOptions options;
  options.max_procs = 2;
  options.max_goroutines = 20'000;
  Runtime runtime(std::move(options));
  std::atomic<int> runs{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&runtime, &runs] {
      const testing::For running(std::chrono::milliseconds(600));
      while (running) {
        EXPECT_NO_THROW(runtime.run([] { spawn([] { yield(); }).join(); }));
        ++runs;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(runs.load(), 1);
}

// Property: num_goroutines() never misses one that is alive, though goroutines start on one processor and end on
// another. Method:   pairs, of which one starts goroutines that wait for the other and so end on its processor; all
// look, and a
//           foreign thread, which loses its processor half-way through a count.
TEST(SchedulerStress, TheCountOfGoroutinesMissesNobody) {
  constexpr int kPairs = 2;
  constexpr std::size_t kAlive = 1 + 2 * kPairs;  // main and the pairs, until nobody looks any more
  RuntimeOptions options;
  options.max_procs = 4;
  options.max_goroutines = 20'000;
  Runtime runtime(std::move(options));
  std::atomic<std::uint64_t> looks{0};
  std::atomic<std::uint64_t> missed{0};
  std::atomic<bool> are_all_there{false};
  const auto look = [&] {
    if (!are_all_there) return;
    ++looks;
    if (num_goroutines() < kAlive) ++missed;
  };
  const testing::For running(std::chrono::milliseconds(500));
  runtime.run([&] {
    WaitGroup group;
    WaitGroup looking;
    looking.add(2 * kPairs + 1);
    const Poster poster = runtime.poster();  // the watcher may be the last who looks
    for (int pair = 0; pair < kPairs; ++pair) {
      const auto baton = make_chan<Unit>();
      group.go([&, baton] {
        while (running) {
          WaitGroup burst;
          for (int i = 0; i < 2; ++i) burst.go([baton] { baton.recv(); });
          look();
          burst.wait();
        }
        baton.close();
        looking.done();
        looking.wait();
      });
      group.go([&, baton] {
        try {
          for (;;) {
            baton.send({});
            look();
          }
        } catch (const ChannelClosed&) {
        }
        looking.done();
        looking.wait();
      });
    }
    are_all_there = true;
    std::thread watcher([&] {
      while (running) look();
      looking.done();
    });
    group.wait();
    watcher.join();
  });
  EXPECT_EQ(missed.load(), 0u) << "of " << looks.load() << " looks";
  EXPECT_GT(looks.load(), 0u);
}

}  // namespace
}  // namespace novelo
