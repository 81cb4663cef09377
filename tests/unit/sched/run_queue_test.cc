// One processor's queue: order, runnext, halves, and that nothing is lost or run twice.
#include "sched/run_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "sched/goroutine.h"

namespace novelo::rt {
namespace {

class RunQueueTest : public ::testing::Test {
 protected:
  Goroutine* goroutine() {
    all_.push_back(std::make_unique<Goroutine>());
    return all_.back().get();
  }
  std::vector<std::unique_ptr<Goroutine>> all_;
};

TEST_F(RunQueueTest, LeavesInTheOrderOfItsArrival) {
  RunQueue queue;
  Goroutine* first = goroutine();
  Goroutine* second = goroutine();
  ASSERT_TRUE(queue.push(first));
  ASSERT_TRUE(queue.push(second));
  EXPECT_EQ(queue.pop().goroutine, first);
  EXPECT_EQ(queue.pop().goroutine, second);
  EXPECT_EQ(queue.pop().goroutine, nullptr);
}

TEST_F(RunQueueTest, RunnextGoesFirstAndSaysSo) {
  RunQueue queue;
  Goroutine* plain = goroutine();
  Goroutine* next = goroutine();
  ASSERT_TRUE(queue.push(plain));
  EXPECT_EQ(queue.push_next(next), nullptr);
  const RunQueue::Popped popped = queue.pop();
  EXPECT_EQ(popped.goroutine, next);
  EXPECT_TRUE(popped.was_next);
  EXPECT_FALSE(queue.pop().was_next);
}

TEST_F(RunQueueTest, RefusesMoreThanItsCapacity) {
  RunQueue queue;
  for (std::uint32_t i = 0; i < RunQueue::kCapacity; ++i) ASSERT_TRUE(queue.push(goroutine()));
  EXPECT_FALSE(queue.push(goroutine()));
  Goroutine* batch[RunQueue::kCapacity];
  EXPECT_EQ(queue.take_half(batch), RunQueue::kCapacity / 2);
  EXPECT_TRUE(queue.push(goroutine()));
}

TEST_F(RunQueueTest, ThiefTakesHalfRoundedUpAndLeavesRunnext) {
  RunQueue victim;
  RunQueue thief;
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(victim.push(goroutine()));
  victim.push_next(goroutine());
  EXPECT_NE(thief.steal_half(victim, RunQueue::Next::kLeave), nullptr);
  EXPECT_EQ(thief.length(), 2u);
  EXPECT_EQ(victim.length(), 3u);
}

TEST_F(RunQueueTest, ThiefTakesRunnextOnlyWhenAllowed) {
  RunQueue victim;
  RunQueue thief;
  Goroutine* next = goroutine();
  victim.push_next(next);
  EXPECT_EQ(thief.steal_half(victim, RunQueue::Next::kLeave), nullptr);
  EXPECT_EQ(thief.steal_half(victim, RunQueue::Next::kTake), next);
}

// Property: a goroutine leaves the queue exactly once, whoever takes it.
TEST_F(RunQueueTest, EachGoroutineLeavesOnceUnderTwoThieves) {
  constexpr int kCount = 20'000;
  RunQueue victim;
  std::vector<Goroutine*> items;
  for (int i = 0; i < kCount; ++i) {
    Goroutine* g = goroutine();
    g->id = static_cast<std::uint64_t>(i);
    items.push_back(g);
  }
  std::vector<std::atomic<int>> seen(kCount);
  std::atomic<int> total{0};
  const auto take = [&](Goroutine* g) {
    seen[g->id].fetch_add(1);
    total.fetch_add(1);
  };
  std::vector<std::thread> thieves;
  for (int t = 0; t < 2; ++t) {
    thieves.emplace_back([&] {
      RunQueue own;
      while (total.load() < kCount) {
        if (Goroutine* g = own.steal_half(victim, RunQueue::Next::kTake)) take(g);
        while (Goroutine* g = own.pop().goroutine) take(g);
      }
    });
  }
  for (Goroutine* g : items) {
    while (!victim.push(g)) {
      if (Goroutine* own = victim.pop().goroutine) take(own);
    }
  }
  while (Goroutine* g = victim.pop().goroutine) take(g);
  for (std::thread& thief : thieves) thief.join();
  for (int i = 0; i < kCount; ++i) ASSERT_EQ(seen[static_cast<std::size_t>(i)].load(), 1) << "goroutine " << i;
}

}  // namespace
}  // namespace novelo::rt
