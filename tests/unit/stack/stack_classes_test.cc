// Which stack a goroutine gets, and what its like get after it.
#include "stack/stack_classes.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

namespace novelo::rt {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;

class StackClassesTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_GE(classes_.reserve(4096, 256 * kMiB), 4096u); }

  // As a goroutine that uses `bytes`.
  StackClass run_one(std::size_t bytes) {
    const Stack stack = classes_.take(cache_, need_);
    std::memset(stack.bottom + stack.size - bytes, 1, bytes);
    classes_.give(cache_, stack, need_);
    return stack.kind;
  }
  void run_measured(std::size_t bytes) {
    for (std::uint32_t i = 0; i < StackClasses::kMeasured; ++i) {
      ASSERT_EQ(run_one(bytes), StackClass::kLarge);
    }
  }

  StackClasses classes_;
  StackClasses::Cache cache_;
  StackNeed need_;
};

TEST_F(StackClassesTest, AfterManyThatNeededLittleTheNextIsMedium) {
  run_measured(20'000);
  EXPECT_GE(need_.used_bytes_max, 20'000u);
  EXPECT_LT(need_.used_bytes_max, 40'000u);
  EXPECT_EQ(run_one(20'000), StackClass::kMedium);
}

TEST_F(StackClassesTest, OneThatNeededMuchMakesTheNextLarge) {
  run_one(10'000);
  run_one(kMiB);
  EXPECT_EQ(run_one(10'000), StackClass::kLarge);
}

TEST_F(StackClassesTest, WhatOneUsedIsNotTakenForTheUseOfTheNextOnItsStack) {
  run_one(3 * kMiB);
  StackNeed other;
  const Stack stack = classes_.take(cache_, other);
  classes_.give(cache_, stack, other);
  EXPECT_LT(other.used_bytes_max, 20'000u);
}

TEST_F(StackClassesTest, ThoseNotKnownYetGetLargeOnesAndLeaveHalfToThoseKnownToNeedThem) {
  std::vector<Stack> stacks;
  while (stacks.empty() || stacks.back().is_measured) stacks.push_back(classes_.take(cache_, need_));
  EXPECT_EQ(stacks.back().kind, StackClass::kMedium);
  EXPECT_EQ(stacks.size(), 32u + 1);
  StackNeed deep{.kind = StackNeed::Kind::kLarge};
  stacks.push_back(classes_.take(cache_, deep));
  EXPECT_EQ(stacks.back().kind, StackClass::kLarge);
  for (const Stack& stack : stacks) classes_.give(cache_, stack, need_);
}

TEST_F(StackClassesTest, WhoGrewMakesItsLikeLarge) {
  need_.kind = StackNeed::Kind::kMedium;
  Stack stack = classes_.take(cache_, need_);
  ASSERT_EQ(stack.kind, StackClass::kMedium);
  ASSERT_TRUE(classes_.grow(stack, need_));
  EXPECT_EQ(classes_.grown_total(), 1u);
  classes_.give(cache_, stack, need_);
  EXPECT_EQ(classes_.take(cache_, need_).kind, StackClass::kLarge);
}

TEST_F(StackClassesTest, NoStackGrowsBeyondTheLimit) {
  Stack stack = classes_.take_of(1);
  while (classes_.grow(stack, need_)) ASSERT_LE(stack.size, 256 * kMiB);
  EXPECT_GT(stack.size, 240 * kMiB);
  classes_.give_segment(stack);
}

TEST_F(StackClassesTest, AShrunkStackKeepsWhatLiesAboveAndAPageBelow) {
  const Stack stack = classes_.take(cache_, need_);
  std::memset(stack.bottom + stack.size - 3 * kMiB, 7, 3 * kMiB);
  char* const sp = stack.bottom + stack.size - 8192;
  EXPECT_FALSE(classes_.shrink(stack, sp, need_)) << "at most kShrunkMax at a time";
  EXPECT_EQ(classes_.released_bytes_total(), StackClasses::kShrunkMax);
  while (!classes_.shrink(stack, sp, need_)) {
  }
  EXPECT_EQ(classes_.released_bytes_total(), 3 * kMiB - 8192 - 4096);
  EXPECT_TRUE(classes_.shrink(stack, sp, need_));
  EXPECT_EQ(classes_.released_bytes_total(), 3 * kMiB - 8192 - 4096) << "there was no more";
  for (const char* at = sp - 4096; at < stack.bottom + stack.size; ++at) ASSERT_EQ(*at, 7);
  EXPECT_EQ(sp[-4097], 0);
  EXPECT_EQ(stack.bottom[stack.size - 3 * kMiB], 0);
}

TEST_F(StackClassesTest, WhatAShrunkStackNeededIsStillKnown) {
  const Stack stack = classes_.take(cache_, need_);
  std::memset(stack.bottom + stack.size - kMiB, 1, kMiB);
  classes_.shrink(stack, stack.bottom + stack.size - 4096, need_);
  classes_.give(cache_, stack, need_);
  EXPECT_GE(need_.used_bytes_max, kMiB);
  EXPECT_EQ(classes_.take(cache_, need_).kind, StackClass::kLarge);
}

TEST_F(StackClassesTest, ALimitBelowTheLargeOnesLeavesThemOut) {
  StackClasses small;
  ASSERT_GE(small.reserve(1024, kMiB), 1024u);
  EXPECT_EQ(small.take(cache_, need_).kind, StackClass::kMedium);
}

TEST_F(StackClassesTest, WhenMediumOnesAreUsedUpTheNextIsDense) {
  need_.kind = StackNeed::Kind::kMedium;
  std::vector<Stack> stacks;
  while (stacks.empty() || stacks.back().kind == StackClass::kMedium) {
    stacks.push_back(classes_.take(cache_, need_));
    ASSERT_NE(stacks.back().bottom, nullptr);
  }
  EXPECT_EQ(stacks.back().kind, StackClass::kDense);
  EXPECT_EQ(stacks.size(), 4096u + 1);
  stacks.back().bottom[0] = 1;
  for (const Stack& stack : stacks) classes_.give(cache_, stack, need_);
}

TEST_F(StackClassesTest, TheReserveIsUsableOnceOpened) {
  Stack stack = classes_.take(cache_, need_);
  const Stack before = stack;
  ASSERT_TRUE(classes_.open_reserve(stack, need_));
  EXPECT_EQ(stack.size, before.size + kStackReserveBytes);
  std::memset(stack.bottom, 1, kStackReserveBytes);
  EXPECT_FALSE(classes_.grow(stack, need_));
  EXPECT_EQ(classes_.overflows_total(), 1u);
  ASSERT_TRUE(classes_.close_reserve(stack));
  EXPECT_EQ(stack.bottom, before.bottom);
  EXPECT_EQ(stack.size, before.size);
  classes_.give(cache_, stack, need_);
}

}  // namespace
}  // namespace novelo::rt
