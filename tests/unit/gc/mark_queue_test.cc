// Batches go from one to another, and the end of the work is known.
#include "gc/mark_queue.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace novelo::rt {
namespace {

TEST(MarkQueueTest, WorkIsDoneWhenNobodyHasAny) {
  MarkQueue queue;
  EXPECT_TRUE(queue.is_done());
  EXPECT_EQ(queue.begin_work(), nullptr);
  MarkQueue::Batch& batch = queue.take_empty();
  batch.words[batch.size++] = 42;
  queue.put(batch);
  EXPECT_TRUE(queue.has_work());
  EXPECT_FALSE(queue.is_done());
  MarkQueue::Batch* taken = queue.begin_work();
  ASSERT_EQ(taken, &batch);
  EXPECT_FALSE(queue.has_work());
  EXPECT_FALSE(queue.is_done());
  taken->size = 0;
  queue.put(*taken);
  queue.end_work();
  EXPECT_TRUE(queue.is_done());
  MarkQueue::Batch& again = queue.take_empty();
  EXPECT_EQ(&again, &batch);
  queue.put(again);
}

TEST(MarkQueueTest, EveryWordComesOutOnceAmongThreads) {
  MarkQueue queue;
  constexpr std::uintptr_t kWords = 20'000;
  Atomic<std::uintptr_t> sum{0};
  std::vector<std::thread> threads;
  for (std::uintptr_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (std::uintptr_t i = t; i < kWords; i += 4) {
        MarkQueue::Batch& batch = queue.take_empty();
        batch.words[batch.size++] = i;
        queue.put(batch);
        if (MarkQueue::Batch* taken = queue.begin_work()) {
          while (taken->size > 0) sum.fetch_add(taken->words[--taken->size], relaxed);
          queue.put(*taken);
          queue.end_work();
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  while (MarkQueue::Batch* taken = queue.begin_work()) {
    while (taken->size > 0) sum.fetch_add(taken->words[--taken->size], relaxed);
    queue.put(*taken);
    queue.end_work();
  }
  EXPECT_EQ(sum.load(), kWords * (kWords - 1) / 2);
  EXPECT_TRUE(queue.is_done());
}

}  // namespace
}  // namespace novelo::rt
