// Random trees of scopes whose members wait for events, deadlines and each other, cancelled at random places.
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <vector>

#include "novelo/novelo.h"
#include "support/seed.h"

namespace novelo {
namespace {

struct Forest {
  std::atomic<int> alive{0};
  Chan<int> values = make_chan<int>(3);
  Mutex mutex;
  std::atomic<int> inside{0};
  std::atomic<int> overlaps{0};

  // One goroutine: waits in ways drawn from its seed until it is cancelled, or for a bounded number of steps.
  void live(std::uint64_t seed, int depth) {
    struct Count {
      std::atomic<int>* counter;
      explicit Count(std::atomic<int>* c) : counter(c) { ++*counter; }
      ~Count() { --*counter; }
    } count(&alive);
    std::mt19937_64 random(seed);
    for (int step = 0; step < 12; ++step) {
      switch (random() % 8) {
        case 0:
          values.send(1);
          break;
        case 1:
          values.recv();
          break;
        case 2:
          sleep(absl::Microseconds(random() % 200));
          break;
        case 3:
          yield();
          break;
        case 4: {
          const std::lock_guard guard(mutex);
          if (++inside != 1) ++overlaps;
          yield_in_lock(random() % 2 == 0);
          --inside;
          break;
        }
        case 5:
          select(on_recv(values), on_send(values, 2), on_recv(after(absl::Microseconds(random() % 300))));
          break;
        case 6:
          static_cast<void>(with_timeout(absl::Microseconds(random() % 300), [this] { values.recv(); }));
          break;
        default:
          if (depth > 0) grow(random(), depth - 1);
      }
    }
  }

  void grow(std::uint64_t seed, int depth) {
    std::mt19937_64 random(seed);
    Scope scope;
    const int children = static_cast<int>(random() % 4);
    for (int i = 0; i < children; ++i) {
      scope.go([this, child = random(), depth] { live(child, depth); });
    }
    if (random() % 3 == 0) {
      auto handle = spawn([this, child = random(), depth] { live(child, depth); });
      yield();
      handle.cancel();
    }
    if (random() % 2 == 0) scope.cancel();
    static_cast<void>(scope.wait());
  }

 private:
  static void yield_in_lock(bool really) {
    if (really) shield([] { yield(); });
  }
};

// Property: whatever is cancelled when, every goroutine ends, no lock is left taken, nobody is left in a queue.
TEST(CancelStress, RandomTreesEndWithNothingLeft) {
  std::mt19937_64 random(testing::seed());
  RuntimeOptions options;
  options.max_procs = 3;
  options.max_goroutines = 20'000;
  Runtime runtime(std::move(options));
  const testing::For running(std::chrono::milliseconds(900));
  std::uint64_t rounds = 0;
  while (running) {
    runtime.run([&] {
      Forest forest;
      {
        Scope scope;
        const int trees = 1 + static_cast<int>(random() % 6);
        for (int i = 0; i < trees; ++i) scope.go([&forest, seed = random()] { forest.live(seed, 3); });
        sleep(absl::Microseconds(random() % 1500));
        scope.cancel();
        EXPECT_EQ(scope.wait().code(), absl::StatusCode::kCancelled);
      }
      while (num_goroutines() > 1) yield();  // what was spawned belongs to scopes above
      ASSERT_EQ(forest.alive.load(), 0) << "round " << rounds;
      ASSERT_EQ(forest.overlaps.load(), 0);
      ASSERT_TRUE(forest.mutex.try_lock());
      forest.mutex.unlock();
      std::optional<int> left;
      while (forest.values.try_recv(left) == RecvResult::kReceived) {
      }
      for (int i = 0; i < 3; ++i) {
        int value = i;
        ASSERT_TRUE(forest.values.try_send(value));
      }
      int one_more = 3;
      ASSERT_FALSE(forest.values.try_send(one_more)) << "a receiver was left in the queue";
    });
    ++rounds;
  }
  EXPECT_GT(rounds, 0u);
}

}  // namespace
}  // namespace novelo
