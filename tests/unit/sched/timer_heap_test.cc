// The heap of timers against a sorted container, with random arming, cancelling and passing of time.
#include "sched/timer_heap.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include "support/seed.h"

namespace novelo::rt {
namespace {

class Recorded final : public TimerEvent {
 public:
  Recorded(int number, std::vector<int>& fired) : number_(number), fired_(fired) {}

 private:
  void fire(std::int64_t) noexcept override { fired_.push_back(number_); }
  const int number_;
  std::vector<int>& fired_;
};

class TimerHeapTest : public ::testing::Test {
 protected:
  Recorded& timer(int number) {
    while (static_cast<int>(timers_.size()) <= number) {
      timers_.push_back(std::make_unique<Recorded>(static_cast<int>(timers_.size()), fired_));
    }
    return *timers_[static_cast<std::size_t>(number)];
  }
  bool arm(int number, std::int64_t when) {
    LockGuard guard(heap_.lock());
    return heap_.arm(timer(number), when);
  }
  bool cancel(int number) {
    LockGuard guard(heap_.lock());
    return heap_.cancel(timer(number));
  }
  std::vector<int> fired_;
  std::vector<std::unique_ptr<Recorded>> timers_;
  TimerHeap heap_;  // goes first: it abandons what is armed
};

TEST_F(TimerHeapTest, IsEmptyAtFirst) {
  EXPECT_EQ(heap_.next_when(), kNever);
  EXPECT_EQ(heap_.size(), 0u);
  EXPECT_EQ(heap_.run_expired(1000), 0);
}

TEST_F(TimerHeapTest, ArmSaysWhetherTheTimerBecameTheFirst) {
  EXPECT_TRUE(arm(0, 100));
  EXPECT_FALSE(arm(1, 200));
  EXPECT_TRUE(arm(2, 50));
  EXPECT_EQ(heap_.next_when(), 50);
}

TEST_F(TimerHeapTest, FiresWhatIsDueAndNothingElse) {
  arm(0, 300);
  arm(1, 100);
  arm(2, 200);
  EXPECT_EQ(heap_.run_expired(99), 0);
  EXPECT_EQ(heap_.run_expired(200), 2);
  EXPECT_EQ(fired_, (std::vector{1, 2}));
  EXPECT_EQ(heap_.next_when(), 300);
}

TEST_F(TimerHeapTest, OfMoreThanAskedForTheEarliestFire) {
  for (int i = 0; i < 5; ++i) arm(i, 500 - 100 * i);
  EXPECT_EQ(heap_.run_expired(1000, 2), 2u);
  EXPECT_EQ(fired_, (std::vector{4, 3}));
  EXPECT_EQ(heap_.next_when(), 300);
  EXPECT_EQ(heap_.run_expired(1000), 3u);
}

TEST_F(TimerHeapTest, ACancelledTimerDoesNotFire) {
  arm(0, 100);
  EXPECT_TRUE(cancel(0));
  EXPECT_FALSE(cancel(0));
  EXPECT_EQ(heap_.run_expired(1000), 0);
  EXPECT_EQ(heap_.next_when(), kNever);
}

TEST_F(TimerHeapTest, CancelAfterFiringSaysNo) {
  arm(0, 100);
  heap_.run_expired(100);
  EXPECT_FALSE(cancel(0));
  EXPECT_TRUE(arm(0, 200)) << "and it may be armed again";
  EXPECT_TRUE(cancel(0));
}

TEST_F(TimerHeapTest, LatenessIsWhatPassedSinceTheTimerWasDue) {
  arm(0, 1'000'000);
  heap_.run_expired(1'500'000);
  EXPECT_EQ(heap_.lateness().sum_ns(), 500'000);
}

TEST_F(TimerHeapTest, AHeapThatGoesAbandonsWhatIsArmed) {
  class Abandoned final : public TimerEvent {
   public:
    bool was_abandoned = false;

   private:
    void fire(std::int64_t) noexcept override {}
    void abandon() noexcept override { was_abandoned = true; }
  };
  Abandoned armed;
  Abandoned cancelled;
  {
    TimerHeap heap;
    LockGuard guard(heap.lock());
    heap.arm(armed, 1);
    heap.arm(cancelled, 2);
    heap.cancel(cancelled);
  }
  EXPECT_TRUE(armed.was_abandoned);
  EXPECT_FALSE(cancelled.was_abandoned);
}

// Property: whatever is armed and cancelled, timers fire in the order of their times, each once, none early or left.
TEST_F(TimerHeapTest, AgreesWithASortedContainer) {
  std::mt19937_64 random(testing::seed());
  constexpr int kTimers = 300;
  std::multimap<std::int64_t, int> model;
  std::vector<std::int64_t> armed_at(kTimers, -1);
  std::int64_t now = 0;
  for (int step = 0; step < 20'000; ++step) {
    const int number = static_cast<int>(random() % kTimers);
    const auto i = static_cast<std::size_t>(number);
    const auto action = random() % 4;
    const bool is_ebb = step / 1000 % 2 == 1;  // all are cancelled, one after the other: gaps are closed
    switch (is_ebb ? 2 : action) {
      case 0:
      case 1:
        if (armed_at[i] < 0) {
          armed_at[i] = now + static_cast<std::int64_t>(random() % 1000);
          const bool is_first = model.empty() || armed_at[i] < model.begin()->first;
          ASSERT_EQ(arm(number, armed_at[i]), is_first);
          model.emplace(armed_at[i], number);
        }
        break;
      case 2: {
        const bool was_armed = armed_at[i] >= 0;
        ASSERT_EQ(cancel(number), was_armed);
        if (was_armed) {
          auto [at, end] = model.equal_range(armed_at[i]);
          while (at != end && at->second != number) ++at;
          ASSERT_NE(at, end);
          model.erase(at);
          armed_at[i] = -1;
        }
        break;
      }
      default: {
        now += static_cast<std::int64_t>(random() % 20);
        fired_.clear();
        const int count = heap_.run_expired(now);
        ASSERT_EQ(static_cast<std::size_t>(count), fired_.size());
        for (const int one : fired_) {
          ASSERT_FALSE(model.empty());
          const std::int64_t when = armed_at[static_cast<std::size_t>(one)];
          ASSERT_EQ(when, model.begin()->first);
          auto [at, end] = model.equal_range(when);
          while (at != end && at->second != one) ++at;
          ASSERT_NE(at, end);
          model.erase(at);
          armed_at[static_cast<std::size_t>(one)] = -1;
        }
        ASSERT_TRUE(model.empty() || model.begin()->first > now);
      }
    }
    ASSERT_EQ(heap_.size(), model.size());
    ASSERT_EQ(heap_.next_when(), model.empty() ? kNever : model.begin()->first);
  }
  for (int number = 0; number < kTimers; ++number) cancel(number);
}

}  // namespace
}  // namespace novelo::rt
