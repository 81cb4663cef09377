// The wait record: one winner a ticket.
#include "sched/wait_record.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace novelo::rt {
namespace {

TEST(WaitRecord, ATicketIsWonOnce) {
  WaitRecord record(nullptr);
  const std::uint64_t ticket = record.next_ticket();
  record.arm(true);
  EXPECT_EQ(record.cause(), WakeCause::kNone);
  EXPECT_TRUE(record.try_win(ticket, WakeCause::kEvent));
  EXPECT_FALSE(record.try_win(ticket, WakeCause::kDeadline));
  EXPECT_FALSE(record.try_cancel());
  EXPECT_EQ(record.cause(), WakeCause::kEvent);
}

TEST(WaitRecord, ATicketOfAnEarlierWaitNeverWins) {
  WaitRecord record(nullptr);
  const std::uint64_t stale = record.next_ticket();
  record.arm(true);
  ASSERT_TRUE(record.try_win(stale, WakeCause::kEvent));
  record.arm(true);
  EXPECT_FALSE(record.try_win(stale, WakeCause::kEvent));
  EXPECT_TRUE(record.try_win(record.next_ticket() - 1, WakeCause::kEvent));
}

TEST(WaitRecord, NothingWinsBeforeTheOwnerHasArmed) {
  WaitRecord record(nullptr);
  EXPECT_FALSE(record.try_win(record.next_ticket(), WakeCause::kEvent));
  EXPECT_FALSE(record.try_cancel());
}

TEST(WaitRecord, AShieldedWaitIsNotCancelled) {
  WaitRecord record(nullptr);
  const std::uint64_t ticket = record.next_ticket();
  record.arm(false);
  EXPECT_FALSE(record.try_cancel());
  EXPECT_TRUE(record.try_win(ticket, WakeCause::kEvent));
}

TEST(WaitRecord, OfEventDeadlineAndCancelExactlyOneWins) {
  WaitRecord record(nullptr);
  for (int round = 0; round < 5000; ++round) {
    const std::uint64_t ticket = record.next_ticket();
    record.arm(true);
    std::atomic<int> winners{0};
    std::thread event([&] { winners += record.try_win(ticket, WakeCause::kEvent) ? 1 : 0; });
    std::thread cancel([&] { winners += record.try_cancel() ? 1 : 0; });
    winners += record.try_win(ticket, WakeCause::kDeadline) ? 1 : 0;
    event.join();
    cancel.join();
    ASSERT_EQ(winners.load(), 1);
    ASSERT_NE(record.cause(), WakeCause::kNone);
  }
}

}  // namespace
}  // namespace novelo::rt
