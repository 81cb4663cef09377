// The table of waiters: queues by address, in order, whoever leaves them when.
#include "sync/wait_table.h"

#include <gtest/gtest.h>

#include <array>
#include <list>
#include <random>
#include <vector>

#include "support/seed.h"

namespace novelo::rt {
namespace {

// Waiters that were never parked: their places alone are looked at.
class WaitTableTest : public ::testing::Test {
 protected:
  TableWaiter& add(const void* address) NOVELO_NO_THREAD_SAFETY_ANALYSIS {  // there is one thread
    TableWaiter& waiter = waiters_.emplace_back(address);
    bucket_.push_back(waiter);
    return waiter;
  }
  std::vector<TableWaiter*> drain(const void* address) NOVELO_NO_THREAD_SAFETY_ANALYSIS {
    std::vector<TableWaiter*> all;
    while (TableWaiter* waiter = bucket_.pop(address)) all.push_back(waiter);
    return all;
  }

  WaitBucket bucket_;
  std::list<TableWaiter> waiters_;
  std::array<int, 3> objects_{};
  const void* const one_ = objects_.data();
  const void* const other_ = &objects_[1];
};

TEST_F(WaitTableTest, EachAddressHasItsOwnQueueInTheOrderOfArrival) NOVELO_NO_THREAD_SAFETY_ANALYSIS {
  TableWaiter& a = add(one_);
  TableWaiter& b = add(other_);
  TableWaiter& c = add(one_);
  TableWaiter& d = add(one_);
  EXPECT_EQ(bucket_.first(one_), &a);
  EXPECT_EQ(drain(one_), (std::vector{&a, &c, &d}));
  EXPECT_EQ(drain(other_), std::vector{&b});
  EXPECT_EQ(bucket_.first(one_), nullptr);
}

TEST_F(WaitTableTest, WhoIsPushedToTheFrontIsNext) NOVELO_NO_THREAD_SAFETY_ANALYSIS {
  TableWaiter& a = add(one_);
  TableWaiter& b = add(one_);
  TableWaiter& late = waiters_.emplace_back(one_);
  bucket_.push_front(late);
  TableWaiter& alone = waiters_.emplace_back(other_);
  bucket_.push_front(alone);
  EXPECT_EQ(drain(one_), (std::vector{&late, &a, &b}));
  EXPECT_EQ(drain(other_), std::vector{&alone});
}

TEST_F(WaitTableTest, WhoLeavesIsMissedByNobody) NOVELO_NO_THREAD_SAFETY_ANALYSIS {
  TableWaiter& a = add(one_);
  TableWaiter& b = add(one_);
  TableWaiter& c = add(one_);
  bucket_.remove(b);
  bucket_.remove(b);  // once is enough
  bucket_.remove(a);
  EXPECT_EQ(drain(one_), std::vector{&c});
}

// Property: the table is a list for each address. Method: the same random steps on it and on such lists.
TEST_F(WaitTableTest, BehavesAsAListForEachAddress) NOVELO_NO_THREAD_SAFETY_ANALYSIS {
  std::mt19937_64 random(testing::seed());
  std::array<std::list<TableWaiter*>, 3> expected;
  for (int step = 0; step < 20'000; ++step) {
    const std::size_t which = random() % 3;
    const void* address = &objects_[which];
    std::list<TableWaiter*>& list = expected[which];
    switch (random() % 5) {
      case 0:
      case 1:
        list.push_back(&add(address));
        break;
      case 2: {
        TableWaiter& waiter = waiters_.emplace_back(address);
        bucket_.push_front(waiter);
        list.push_front(&waiter);
        break;
      }
      case 3:
        if (!list.empty()) {
          auto chosen = list.begin();
          std::advance(chosen, static_cast<std::ptrdiff_t>(random() % list.size()));
          bucket_.remove(**chosen);
          list.erase(chosen);
        }
        break;
      default:
        ASSERT_EQ(bucket_.pop(address), list.empty() ? nullptr : list.front());
        if (!list.empty()) list.pop_front();
    }
  }
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(drain(&objects_[i]), std::vector(expected[i].begin(), expected[i].end()));
  }
}

}  // namespace
}  // namespace novelo::rt
