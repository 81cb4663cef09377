// When cycles begin, by percent and by the limit.
#include "gc/pacer.h"

#include <gtest/gtest.h>

namespace novelo::rt {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

// Allocates page by page until it is time for a cycle, and at most `most`.
std::uint64_t allocate_until_time(Pacer& pacer, std::uint64_t most) {
  std::uint64_t bytes = 0;
  while (bytes < most) {
    bytes += 8192;
    if (pacer.allocated(8192)) break;
  }
  return bytes;
}

TEST(PacerTest, ASmallHeapIsLeftAloneUpToFourMiB) {
  Pacer pacer;
  const std::uint64_t bytes = allocate_until_time(pacer, 100 * kMiB);
  EXPECT_GE(bytes, kMiB);
  EXPECT_LE(bytes, 4 * kMiB);
}

TEST(PacerTest, TheNextCycleEndsBeforeTheHeapHasDoubled) {
  Pacer pacer;
  pacer.begin_cycle();
  pacer.end_marking(100 * kMiB);
  EXPECT_EQ(pacer.goal_bytes(), 200 * kMiB);
  const std::uint64_t bytes = allocate_until_time(pacer, 1000 * kMiB);
  EXPECT_GE(bytes, 30 * kMiB);
  EXPECT_LT(bytes, 100 * kMiB);
}

TEST(PacerTest, WhatWasAllocatedWhileMarkingMakesTheNextOneBeginEarlier) {
  Pacer pacer;
  pacer.begin_cycle();
  pacer.end_marking(100 * kMiB);
  const std::uint64_t first = allocate_until_time(pacer, 1000 * kMiB);
  pacer.begin_cycle();
  static_cast<void>(pacer.allocated(40 * kMiB));
  pacer.end_marking(100 * kMiB);
  EXPECT_LT(allocate_until_time(pacer, 1000 * kMiB), first);
}

TEST(PacerTest, ALateCycleIsWaitedForAtAQuarterOfTheGrowthBeyondTheGoal) {
  Pacer pacer;
  pacer.begin_cycle();
  pacer.end_marking(100 * kMiB);
  EXPECT_EQ(pacer.ceiling_bytes(), 225 * kMiB);
  static_cast<void>(pacer.allocated(125 * kMiB));
  EXPECT_TRUE(pacer.is_over());
  EXPECT_FALSE(pacer.is_far_over());
  static_cast<void>(pacer.allocated(8192));
  EXPECT_TRUE(pacer.is_far_over());
  pacer.end_marking(100 * kMiB);
  EXPECT_FALSE(pacer.is_far_over());
}

TEST(PacerTest, WithoutAGoalNobodyWaits) {
  Pacer pacer;
  pacer.set_percent(-1);
  static_cast<void>(pacer.allocated(std::int64_t{1} << 50));
  EXPECT_FALSE(pacer.is_far_over());
}

// Else a cycle would be waited for at each page.
TEST(PacerTest, WithoutGrowthThereIsRoomForAMiBAllTheSame) {
  Pacer pacer;
  pacer.set_percent(0);
  pacer.begin_cycle();
  pacer.end_marking(100 * kMiB);
  EXPECT_EQ(pacer.ceiling_bytes(), 101 * kMiB);
}

TEST(PacerTest, MarkingKeepsUpWithWhatIsAllocated) {
  Pacer pacer;
  pacer.begin_cycle();
  pacer.end_marking(100 * kMiB);
  allocate_until_time(pacer, 1000 * kMiB);
  pacer.begin_cycle();
  const std::uint64_t room = pacer.goal_bytes() - pacer.heap_bytes();
  EXPECT_GE(pacer.marks_per_byte() * static_cast<double>(room), 100.0 * kMiB);
  pacer.end_marking(100 * kMiB);
  EXPECT_EQ(pacer.marks_per_byte(), 0);
}

TEST(PacerTest, PercentSetsTheGrowthAndNegativeSwitchesItOff) {
  Pacer pacer;
  EXPECT_EQ(pacer.set_percent(50), 100);
  pacer.begin_cycle();
  pacer.end_marking(100 * kMiB);
  EXPECT_EQ(pacer.goal_bytes(), 150 * kMiB);
  EXPECT_EQ(pacer.set_percent(-1), 50);
  EXPECT_EQ(allocate_until_time(pacer, 1000 * kMiB), 1000 * kMiB);
}

TEST(PacerTest, WhatIsGivenBackIsNoReasonForACycle) {
  Pacer pacer;
  pacer.begin_cycle();
  pacer.end_marking(0);
  EXPECT_FALSE(pacer.allocated(-1696));
  EXPECT_EQ(pacer.heap_bytes(), 0u);
  EXPECT_FALSE(pacer.allocated(8192));
}

TEST(PacerTest, TheLimitHoldsAndIsSoft) {
  Pacer pacer;
  pacer.set_percent(-1);
  pacer.set_limit(100 * kMiB);
  pacer.begin_cycle();
  pacer.end_marking(50 * kMiB);
  EXPECT_LE(allocate_until_time(pacer, 1000 * kMiB), 50 * kMiB);
  // More is alive than the limit allows: no cycle after the other, but one for each sixteenth.
  pacer.begin_cycle();
  pacer.end_marking(160 * kMiB);
  EXPECT_EQ(pacer.goal_bytes(), 171 * kMiB);
}

}  // namespace
}  // namespace novelo::rt
