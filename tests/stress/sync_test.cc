// Locks, conditions and counts under random use and random cancellation: whatever is cancelled when, what was taken is
// given back, nobody is inside with whom it may not be, and nobody is left waiting.
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <random>
#include <shared_mutex>
#include <vector>

#include "novelo/novelo.h"
#include "support/seed.h"

namespace novelo {
namespace {

// Starts `workers` goroutines in scopes that are cancelled at random moments, until the time is over: `work` is given
// its own generator and runs again and again until it is cancelled. `check` runs when all of a round have ended.
void cancel_at_random(int procs, int workers, const std::function<void(std::mt19937_64&)>& work,
                      const std::function<void()>& check) {
  std::mt19937_64 random(testing::seed());
  RuntimeOptions options;
  options.max_procs = procs;
  options.max_goroutines = 20'000;
  Runtime runtime(std::move(options));
  const testing::For running(std::chrono::milliseconds(500));
  std::uint64_t rounds = 0;
  while (running) {
    runtime.run([&] {
      std::vector<JoinHandle<void>> handles;
      for (int i = 0; i < workers; ++i) {
        handles.push_back(spawn([&work, seed = random()] {
          std::mt19937_64 own(seed);
          for (;;) {
            work(own);
            if (own() % 8 == 0) yield();
          }
        }));
      }
      for (auto& handle : handles) {
        if (random() % 2 == 0) sleep(absl::Microseconds(random() % 300));
        handle.cancel();
      }
      for (auto& handle : handles) EXPECT_THROW(handle.join(), JoinCancelled);
      check();
    });
    ++rounds;
    if (::testing::Test::HasFailure()) break;
  }
  EXPECT_GT(rounds, 0u);
}

class SyncStress : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Procs, SyncStress, ::testing::Values(1, 3),
                         [](const auto& procs) { return "P" + std::to_string(procs.param); });

TEST_P(SyncStress, AMutexIsHeldByOneAndFreeAtTheEnd) {
  Mutex mutex;
  std::atomic<int> inside{0};
  std::atomic<int> wrong{0};
  cancel_at_random(
      GetParam(), 8,
      [&](std::mt19937_64& random) {
        const std::lock_guard guard(mutex);
        if (++inside != 1) ++wrong;
        if (random() % 4 == 0) shield([] { yield(); });
        --inside;
      },
      [&] {
        ASSERT_TRUE(mutex.try_lock());
        mutex.unlock();
        ASSERT_EQ(wrong.load(), 0);
      });
}

TEST_P(SyncStress, AnRwMutexKeepsWritersAloneAndIsFreeAtTheEnd) {
  RWMutex mutex;
  std::atomic<int> readers{0};
  std::atomic<int> writers{0};
  std::atomic<int> wrong{0};
  cancel_at_random(
      GetParam(), 8,
      [&](std::mt19937_64& random) {
        const bool lingers = random() % 4 == 0;
        if (random() % 3 == 0) {
          const std::lock_guard guard(mutex);
          if (++writers != 1 || readers.load() != 0) ++wrong;
          if (lingers) shield([] { yield(); });
          --writers;
        } else {
          const std::shared_lock guard(mutex);
          ++readers;
          if (writers.load() != 0) ++wrong;
          if (lingers) shield([] { yield(); });
          --readers;
        }
      },
      [&] {
        ASSERT_TRUE(mutex.try_lock());
        mutex.unlock();
        ASSERT_EQ(wrong.load(), 0);
      });
}

TEST_P(SyncStress, ASemaphoreLosesAndGainsNothing) {
  constexpr int kThere = 5;
  Semaphore semaphore(kThere);
  std::atomic<std::int64_t> taken{0};
  std::atomic<int> wrong{0};
  cancel_at_random(
      GetParam(), 8,
      [&](std::mt19937_64& random) {
        const auto k = static_cast<std::int64_t>(random() % (kThere + 1));
        semaphore.acquire(k);
        if ((taken += k) > kThere) ++wrong;
        if (random() % 4 == 0) shield([] { yield(); });
        taken -= k;
        semaphore.release(k);
      },
      [&] {
        ASSERT_TRUE(semaphore.try_acquire(kThere));
        ASSERT_FALSE(semaphore.try_acquire());
        semaphore.release(kThere);
        ASSERT_EQ(wrong.load(), 0);
      });
}

// Tokens are handed on through conditions: a notify that went to one who was cancelled must not be lost. Whoever holds
// a token when it is cancelled gives it back.
TEST_P(SyncStress, ACondWakesForEveryToken) {
  Mutex mutex;
  Cond cond;
  int tokens = 2;
  std::atomic<int> rounds{0};
  cancel_at_random(
      GetParam(), 6,
      [&](std::mt19937_64& random) {
        {
          std::unique_lock lock(mutex);
          cond.wait(lock, [&] { return tokens > 0; });
          --tokens;
        }
        struct GiveBack {
          std::function<void()> f;
          ~GiveBack() { f(); }
        } give_back{[&] {
          shield([&] {
            const std::lock_guard guard(mutex);
            ++tokens;
          });
          cond.notify_one();
        }};
        if (random() % 4 == 0) yield();
        ++rounds;
      },
      [&] {
        ASSERT_EQ(tokens, 2);
        // One goroutine after another finds both: no wait hangs though all before were cancelled.
        spawn([&] {
          std::unique_lock lock(mutex);
          cond.wait(lock, [&] { return tokens > 0; });
        }).join();
      });
  EXPECT_GT(rounds.load(), 0);
}

TEST_P(SyncStress, AOnceRunsOneCallAndNobodyReturnsBeforeItsEnd) {
  std::mt19937_64 random(testing::seed());
  RuntimeOptions options;
  options.max_procs = GetParam();
  options.max_goroutines = 20'000;
  Runtime runtime(std::move(options));
  const testing::For running(std::chrono::milliseconds(500));
  std::uint64_t rounds = 0;
  for (; running; ++rounds) {
    runtime.run([&] {
      Once once;
      std::atomic<int> calls{0};
      std::atomic<bool> has_ended{false};
      std::atomic<int> too_early{0};
      std::vector<JoinHandle<void>> handles;
      for (int i = 0; i < 6; ++i) {
        handles.push_back(spawn([&, yields = random() % 4] {
          once.call([&] {
            ++calls;
            shield([&] {
              for (std::uint64_t n = 0; n < yields; ++n) yield();
            });
            has_ended = true;
          });
          if (!has_ended.load()) ++too_early;
        }));
      }
      for (auto& handle : handles) {
        if (random() % 3 == 0) handle.cancel();
        if (random() % 2 == 0) yield();
      }
      for (auto& handle : handles) {
        try {
          handle.join();
        } catch (const JoinCancelled&) {
        }
      }
      ASSERT_EQ(calls.load(), 1) << "round " << rounds;
      ASSERT_EQ(too_early.load(), 0) << "round " << rounds;
    });
    if (HasFailure()) break;
  }
  EXPECT_GT(rounds, 0u);
}

// Property: the group may go as soon as one who waited has returned, and nobody returns before zero.
TEST_P(SyncStress, AWaitGroupIsZeroWhenAWaitReturns) {
  std::mt19937_64 random(testing::seed());
  RuntimeOptions options;
  options.max_procs = GetParam();
  options.max_goroutines = 20'000;
  Runtime runtime(std::move(options));
  const testing::For running(std::chrono::milliseconds(500));
  std::uint64_t rounds = 0;
  for (; running; ++rounds) {
    runtime.run([&] {
      auto group = std::make_unique<WaitGroup>();
      const int count = 1 + static_cast<int>(random() % 6);
      std::atomic<int> left{count};
      group->add(count);
      auto cancelled = spawn([g = group.get()] { g->wait(); });
      for (int i = 0; i < count; ++i) {
        go([&left, g = group.get(), yields = random() % 3] {
          for (std::uint64_t n = 0; n < yields; ++n) yield();
          --left;
          g->done();
        });
      }
      if (random() % 2 == 0) yield();
      cancelled.cancel();
      try {
        cancelled.join();
      } catch (const JoinCancelled&) {
      }
      group->wait();
      ASSERT_EQ(left.load(), 0) << "round " << rounds;
      group.reset();
    });
    if (HasFailure()) break;
  }
  EXPECT_GT(rounds, 0u);
}

}  // namespace
}  // namespace novelo
