// A ring with its owner and three thieves, with pushes, runnexts, pops and halves taken at random.
#include "sched/run_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "sched/goroutine.h"
#include "support/seed.h"

namespace novelo::rt {
namespace {

// Property: a goroutine leaves the queue exactly as often as it was put in.
// Method:   a goroutine that was taken comes back to the owner through a flag; `inside` would go wrong if two took one.
TEST(RunQueueStress, AGoroutineIsInOnePlaceAtATime) {
  constexpr int kCount = 600;  // more than the ring holds
  std::mt19937_64 random(testing::seed());
  RunQueue queue;
  std::vector<std::unique_ptr<Goroutine>> goroutines;
  std::vector<std::atomic<int>> inside(kCount);
  for (int i = 0; i < kCount; ++i) {
    goroutines.push_back(std::make_unique<Goroutine>());
    goroutines.back()->id = static_cast<std::uint64_t>(i);
  }
  std::atomic<int> taken_twice{0};
  std::atomic<std::uint64_t> taken{0};
  const auto take = [&](Goroutine* g) {
    ++taken;
    if (inside[g->id].exchange(0) != 1) ++taken_twice;
  };
  std::atomic<bool> stop{false};
  std::vector<std::thread> thieves;
  for (int t = 0; t < 3; ++t) {
    thieves.emplace_back([&, t] {
      RunQueue own;
      while (!stop.load()) {
        const auto next = t == 0 ? RunQueue::Next::kTake : RunQueue::Next::kLeave;
        if (Goroutine* g = own.steal_half(queue, next)) take(g);
        while (Goroutine* g = own.pop().goroutine) take(g);
      }
    });
  }
  std::uint64_t put = 0;
  const testing::For running(std::chrono::milliseconds(800));
  while (running) {
    for (int step = 0; step < 2000; ++step) {
      const std::size_t i = random() % kCount;
      int outside = 0;
      switch (random() % 4) {
        case 0:
        case 1:
          if (!inside[i].compare_exchange_strong(outside, 1)) break;
          if (queue.push(goroutines[i].get())) {
            ++put;
          } else {
            inside[i] = 0;
          }
          break;
        case 2:
          if (!inside[i].compare_exchange_strong(outside, 1)) break;
          ++put;
          if (Goroutine* displaced = queue.push_next(goroutines[i].get())) take(displaced);
          break;
        default:
          if (step % 64 == 0) {
            Goroutine* batch[RunQueue::kCapacity];
            const std::uint32_t n = queue.take_half(batch);
            for (std::uint32_t k = 0; k < n; ++k) take(batch[k]);
          } else if (Goroutine* g = queue.pop().goroutine) {
            take(g);
          }
      }
    }
  }
  while (Goroutine* g = queue.pop().goroutine) take(g);
  stop = true;
  for (std::thread& thief : thieves) thief.join();
  while (Goroutine* g = queue.pop().goroutine) take(g);
  EXPECT_EQ(taken_twice.load(), 0);
  EXPECT_EQ(taken.load(), put);
  EXPECT_GT(put, 1000u);
}

}  // namespace
}  // namespace novelo::rt
