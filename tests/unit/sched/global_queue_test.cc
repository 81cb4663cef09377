// The shared queue and its injector: order, bounds, nothing lost.
#include "sched/global_queue.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

#include "sched/goroutine.h"

namespace novelo::rt {
namespace {

TEST(GlobalQueue, InjectedGoroutinesLeaveInTheOrderOfTheirArrival) {
  Goroutine a;
  Goroutine b;
  Goroutine c;
  GlobalQueue queue;
  queue.inject(&a);
  queue.inject(&b);
  queue.inject(&c);
  EXPECT_FALSE(queue.is_empty());
  Goroutine* batch[4];
  ASSERT_EQ(queue.take(batch, 4), 3u);
  EXPECT_EQ(batch[0], &a);
  EXPECT_EQ(batch[1], &b);
  EXPECT_EQ(batch[2], &c);
  EXPECT_TRUE(queue.is_empty());
}

TEST(GlobalQueue, TakesNoMoreThanAsked) {
  Goroutine a;
  Goroutine b;
  GlobalQueue queue;
  queue.push(&a);
  queue.push(&b);
  Goroutine* batch[2];
  ASSERT_EQ(queue.take(batch, 1), 1u);
  EXPECT_EQ(batch[0], &a);
  EXPECT_EQ(queue.size(), 1u);
}

TEST(GlobalQueue, NoInjectionFromManyThreadsIsLost) {
  constexpr int kEach = 5000;
  GlobalQueue queue;
  std::vector<std::unique_ptr<Goroutine>> items;
  for (int i = 0; i < 3 * kEach; ++i) items.push_back(std::make_unique<Goroutine>());
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) queue.inject(items[static_cast<std::size_t>(t * kEach + i)].get());
    });
  }
  int taken = 0;
  Goroutine* batch[64];
  while (taken < 3 * kEach) taken += static_cast<int>(queue.take(batch, 64));
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(taken, 3 * kEach);
  EXPECT_TRUE(queue.is_empty());
}

}  // namespace
}  // namespace novelo::rt
