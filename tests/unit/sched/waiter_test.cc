// A queue of waiters: who is served, and who is passed over.
#include "sched/waiter.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace novelo::rt {
namespace {

// A waiter of a record of its own, as that of another goroutine would be.
struct Waiting {
  WaitRecord own{nullptr};
  Waiter waiter;
  Waiting() {
    waiter.record = &own;
    waiter.ticket = own.next_ticket();
    own.arm(true);
  }
};

class WaiterQueueTest : public ::testing::Test {
 protected:
  WaiterQueueTest() {
    for (Waiting& one : waiting_) queue_.push(one.waiter);
  }
  ~WaiterQueueTest() override {
    for (Waiting& one : waiting_) queue_.remove(one.waiter);
  }
  Waiting waiting_[3];
  WaiterQueue queue_;
};

TEST_F(WaiterQueueTest, WinnersLeaveInTheOrderOfTheirArrival) {
  for (Waiting& one : waiting_) {
    EXPECT_EQ(queue_.pop_winner(), &one.waiter);
    EXPECT_EQ(one.own.cause(), WakeCause::kEvent);
    EXPECT_EQ(one.own.winner(), &one.waiter);
  }
  EXPECT_EQ(queue_.pop_winner(), nullptr);
}

TEST_F(WaiterQueueTest, AWaitThatEndedOtherwiseIsPassedOver) {
  ASSERT_TRUE(waiting_[0].own.try_cancel());
  EXPECT_EQ(queue_.pop_winner(), &waiting_[1].waiter);
  EXPECT_EQ(waiting_[0].own.cause(), WakeCause::kCancel) << "passing over changes nothing";
  EXPECT_FALSE(waiting_[0].waiter.is_linked());
}

TEST_F(WaiterQueueTest, ARemovedWaiterIsNotServed) {
  queue_.remove(waiting_[0].waiter);
  queue_.remove(waiting_[0].waiter);
  EXPECT_EQ(queue_.pop_winner(), &waiting_[1].waiter);
  EXPECT_EQ(waiting_[0].own.cause(), WakeCause::kNone);
}

TEST_F(WaiterQueueTest, OfSeveralPlacesOfOneWaitOneIsServed) {
  WaitRecord own(nullptr);
  Waiter first;
  Waiter second;
  for (Waiter* waiter : {&first, &second}) {
    waiter->record = &own;
    waiter->ticket = own.next_ticket();
  }
  own.arm(true);
  WaiterQueue left;
  WaiterQueue right;
  left.push(first);
  right.push(second);
  EXPECT_EQ(right.pop_winner(), &second);
  EXPECT_EQ(left.pop_winner(), nullptr);
}

TEST_F(WaiterQueueTest, PopWinnersLeavesNobodyAndTheListWakesThem) {
  {
    WakeList won;
    queue_.pop_winners(won);
  }
  EXPECT_TRUE(queue_.empty());
  for (Waiting& one : waiting_) EXPECT_EQ(one.own.cause(), WakeCause::kEvent);
}

}  // namespace
}  // namespace novelo::rt
