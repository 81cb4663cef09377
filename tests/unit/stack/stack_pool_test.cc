// The pool of stacks: reuse, guards, memory given back, and its end.
#include "stack/stack_pool.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace novelo::rt {
namespace {

class StackPoolTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(pool_.reserve(1024)); }

  // Pages of the stack with memory behind them.
  static std::size_t resident_pages(const Stack& stack) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    std::vector<unsigned char> pages(stack.size / page);
    EXPECT_EQ(mincore(stack.bottom, stack.size, pages.data()), 0);
    std::size_t resident = 0;
    for (const unsigned char one : pages) resident += one & 1u;
    return resident;
  }

  static char* slot_of(const Stack& stack) { return stack.bottom - kStackGuardBytes; }

  StackPool pool_{StackClass::kMedium};
  StackPool::Cache cache_;
};

TEST_F(StackPoolTest, AStackIsUsableFromEndToEnd) {
  const Stack stack = pool_.take(cache_);
  ASSERT_NE(stack.bottom, nullptr);
  EXPECT_EQ(stack.size, stack_usable_bytes(StackClass::kMedium));
  std::memset(stack.bottom, 1, stack.size);
  EXPECT_EQ(stack.bottom[stack.size - 1], 1);
}

TEST_F(StackPoolTest, TheLastOneGivenIsTheFirstTaken) {
  const Stack first = pool_.take(cache_);
  const Stack second = pool_.take(cache_);
  pool_.give(cache_, first);
  pool_.give(cache_, second);
  EXPECT_EQ(pool_.take(cache_).bottom, second.bottom);
  EXPECT_EQ(pool_.take(cache_).bottom, first.bottom);
}

TEST_F(StackPoolTest, NoStackIsGivenOutTwice) {
  std::set<char*> taken;
  for (std::size_t i = 0; i < 200; ++i) {
    const Stack stack = pool_.take(cache_);
    ASSERT_NE(stack.bottom, nullptr);
    ASSERT_TRUE(taken.insert(stack.bottom).second);
  }
  EXPECT_EQ(pool_.carved_slots() - pool_.idle_slots(), 200u + static_cast<std::size_t>(cache_.size.load(relaxed)));
}

TEST_F(StackPoolTest, KnowsItsAddresses) {
  const Stack stack = pool_.take(cache_);
  EXPECT_TRUE(pool_.contains(stack.bottom));
  EXPECT_TRUE(pool_.contains(stack.bottom - kStackGuardBytes));
  EXPECT_TRUE(pool_.contains(stack.bottom + stack.size - 1));
  const int elsewhere = 0;
  EXPECT_FALSE(pool_.contains(&elsewhere));
}

TEST_F(StackPoolTest, TouchingTheGuardFaults) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const Stack stack = pool_.take(cache_);
  EXPECT_EXIT(
      {
        signal(SIGSEGV, SIG_DFL);  // a sanitizer's handler would tell its own story and exit
        *static_cast<volatile char*>(stack.bottom - 1) = 1;
      },
      ::testing::KilledBySignal(SIGSEGV), "");
}

TEST_F(StackPoolTest, WhatOverflowsTheCacheIsFoundByAnotherProcessor) {
  std::vector<Stack> stacks;
  std::set<char*> known;
  for (int i = 0; i < 2 * StackPool::Cache::kCapacity; ++i) {
    stacks.push_back(pool_.take(cache_));
    known.insert(stacks.back().bottom);
  }
  const std::size_t carved = pool_.carved_slots();
  for (const Stack& stack : stacks) pool_.give(cache_, stack);
  EXPECT_LE(cache_.size, StackPool::Cache::kCapacity);
  pool_.drain(cache_);
  EXPECT_EQ(cache_.size, 0);
  StackPool::Cache other;
  for (std::size_t i = 0; i < stacks.size(); ++i) ASSERT_TRUE(known.contains(pool_.take(other).bottom));
  EXPECT_EQ(pool_.carved_slots(), carved);
}

TEST_F(StackPoolTest, AStackGrowsIntoTheSlotBelow) {
  Stack stack = pool_.take(cache_);
  const Stack before = stack;
  before.bottom[0] = 1;
  ASSERT_TRUE(pool_.grow(stack));
  EXPECT_EQ(stack.bottom, before.bottom - stack_slot_bytes(StackClass::kMedium));
  EXPECT_EQ(stack.size, before.size + stack_slot_bytes(StackClass::kMedium));
  EXPECT_TRUE(stack.is_changed);
  std::memset(stack.bottom, 2, before.bottom - stack.bottom);
  EXPECT_EQ(before.bottom[0], 1);
  EXPECT_EQ(stack.bottom[0], 2);
}

TEST_F(StackPoolTest, ASlotThatWasGrownIntoIsGivenToNobodyElseUntilItIsGivenBack) {
  Stack stack = pool_.take(cache_);
  ASSERT_TRUE(pool_.grow(stack));
  std::set<char*> inside{slot_of(stack), slot_of(stack) + stack_slot_bytes(StackClass::kMedium)};
  std::vector<Stack> others;
  for (;;) {
    others.push_back(pool_.take(cache_));
    if (others.back().bottom == nullptr) break;
    ASSERT_FALSE(inside.contains(slot_of(others.back())));
  }
  EXPECT_EQ(others.size() - 1, pool_.slots_max() - 2);
  EXPECT_EQ(pool_.give(stack), stack_usable_bytes(StackClass::kMedium));
  for (int i = 0; i < 2; ++i) ASSERT_EQ(inside.erase(slot_of(pool_.take(cache_))), 1u);
  EXPECT_EQ(pool_.take(cache_).bottom, nullptr);
}

TEST_F(StackPoolTest, WhereAStackHasGrownTheNextCanGrowThoughOthersWereTakenMeanwhile) {
  for (const StackClass kind : {StackClass::kMedium, StackClass::kLarge}) {
    StackPool pool{kind};
    ASSERT_TRUE(pool.reserve(64));
    Stack stack = pool.take();
    ASSERT_TRUE(pool.grow(stack));
    const char* top = stack.bottom + stack.size;
    pool.give(stack);
    Stack next = pool.take();
    EXPECT_EQ(next.bottom + next.size, top) << "the warm one first";
    for (int i = 0; i < 8; ++i) ASSERT_NE(pool.take().bottom, nullptr);
    EXPECT_TRUE(pool.grow(next));
  }
}

TEST_F(StackPoolTest, AStackDoesNotGrowIntoAnother) {
  std::vector<Stack> all;
  while (all.empty() || all.back().bottom != nullptr) all.push_back(pool_.take(cache_));
  all.pop_back();
  for (Stack& stack : all) ASSERT_FALSE(pool_.grow(stack));
  const Stack free = all[all.size() / 2];
  pool_.give(free);
  std::size_t grew = 0;
  for (Stack& stack : all) grew += stack.bottom != free.bottom && pool_.grow(stack) ? 1 : 0;
  EXPECT_EQ(grew, 1u);
}

TEST_F(StackPoolTest, GrownStacksTakeTurnsWithOthersAndNoSlotIsLostOrDoubled) {
  for (int round = 0; round < 50; ++round) {
    std::vector<Stack> stacks;
    std::set<char*> slots;
    for (int i = 0; i < 100; ++i) {
      stacks.push_back(i % 3 == 0 ? pool_.take() : pool_.take(cache_));
      Stack& one = stacks.back();
      for (int n = i % 4; n > 0 && pool_.grow(one); --n) {
      }
      for (char* slot = slot_of(one); slot < one.bottom + one.size; slot += stack_slot_bytes(StackClass::kMedium)) {
        ASSERT_TRUE(slots.insert(slot).second);
      }
    }
    for (const Stack& one : stacks) {
      if (!one.is_changed) {
        pool_.give(cache_, one);
      } else {
        pool_.give(one);
      }
    }
    pool_.trim();
  }
  pool_.drain(cache_);
  EXPECT_EQ(pool_.idle_slots(), pool_.carved_slots());
  std::set<char*> all;
  for (Stack stack = pool_.take(); stack.bottom != nullptr; stack = pool_.take()) all.insert(stack.bottom);
  EXPECT_EQ(all.size(), pool_.slots_max());
}

TEST_F(StackPoolTest, WhereAGrownStackWasGuardsAreBack) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  Stack stack = pool_.take(cache_);
  char* guarded = stack.bottom - 1;
  ASSERT_TRUE(pool_.grow(stack));
  *static_cast<volatile char*>(guarded) = 1;
  pool_.give(stack);
  EXPECT_EXIT(
      {
        signal(SIGSEGV, SIG_DFL);
        *static_cast<volatile char*>(guarded) = 1;
      },
      ::testing::KilledBySignal(SIGSEGV), "");
}

TEST_F(StackPoolTest, LargeStacksLieFarApartAndGrowManyTimes) {
  const auto large = std::make_unique<StackPool>(StackClass::kLarge);
  ASSERT_TRUE(large->reserve(64));
  std::vector<Stack> stacks;
  for (int i = 0; i < 4; ++i) stacks.push_back(large->take());
  for (Stack& one : stacks) {
    for (int n = 0; n < 15; ++n) ASSERT_TRUE(large->grow(one));
    EXPECT_FALSE(large->grow(one)) << "there is nothing left below, or another";
    one.bottom[0] = 1;
    one.bottom[one.size - 1] = 1;
  }
  for (const Stack& one : stacks) large->give(one);
  std::size_t n = 0;
  while (large->take().bottom != nullptr) ++n;
  EXPECT_EQ(n, large->slots_max());
}

// Of the pool's reserve, what can be written: a strict overcommit policy charges it, and a core file may hold it.
std::size_t writable_bytes(const StackPool& pool) {
  std::ifstream maps("/proc/self/maps");
  std::size_t sum = 0;
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    char may[5] = {};
    if (std::sscanf(line.c_str(), "%zx-%zx %4s", &begin, &end, may) != 3 || may[1] != 'w') continue;
    begin = std::max(begin, reinterpret_cast<std::uintptr_t>(pool.begin()));
    end = std::min(end, reinterpret_cast<std::uintptr_t>(pool.end()));
    if (begin < end) sum += end - begin;
  }
  return sum;
}

TEST_F(StackPoolTest, OnlyWhatWasCarvedCanBeWritten) {
  const auto large = std::make_unique<StackPool>(StackClass::kLarge);
  ASSERT_TRUE(large->reserve(256));
  EXPECT_EQ(writable_bytes(*large), 0u);
  Stack stack = large->take();
  EXPECT_GE(writable_bytes(*large), stack.size);
  ASSERT_TRUE(large->grow(stack));
  EXPECT_GE(writable_bytes(*large), stack.size);
  EXPECT_LE(writable_bytes(*large), 2 * stack_slot_bytes(StackClass::kLarge));
}

TEST_F(StackPoolTest, TheEndOfTheReserveGivesAnEmptyStack) {
  std::vector<Stack> all;
  for (;;) {
    const Stack stack = pool_.take(cache_);
    if (stack.bottom == nullptr) break;
    all.push_back(stack);
    ASSERT_LE(all.size(), pool_.slots_max());
  }
  EXPECT_EQ(all.size(), pool_.slots_max());
  pool_.give(cache_, all.back());
  EXPECT_EQ(pool_.take(cache_).bottom, all.back().bottom) << "one given back is one to take";
}

TEST_F(StackPoolTest, TrimGivesBackTheMemoryOfStacksNobodyNeeded) {
  std::vector<Stack> stacks;
  for (int i = 0; i < 100; ++i) {
    stacks.push_back(pool_.take(cache_));
    std::memset(stacks.back().bottom + stacks.back().size / 2, 1, stacks.back().size / 2);
  }
  const std::size_t touched = resident_pages(stacks.front());
  ASSERT_GT(touched, 0u);
  for (const Stack& stack : stacks) pool_.give(cache_, stack);
  pool_.drain(cache_);
  pool_.trim();  // notes what is there; what was needed since the last call stays
  pool_.trim();
#if !defined(__SANITIZE_THREAD__)
  std::size_t left = 0;
  for (const Stack& stack : stacks) left += resident_pages(stack);
  EXPECT_EQ(left, 0u) << "of " << touched << " pages a stack";
#endif
  for (int i = 0; i < 100; ++i) ASSERT_NE(pool_.take(cache_).bottom, nullptr);
}

TEST(StackPoolTrim, GivesBackABoundedNumberACallUntilNothingIsLeftThatNobodyNeeded) {
  constexpr std::size_t kStacks = 2 * StackPool::kTrimMax + 100;
  StackPool pool(StackClass::kDense);
  ASSERT_TRUE(pool.reserve(kStacks, ~std::size_t{0}));
  std::vector<Stack> stacks;
  for (std::size_t i = 0; i < kStacks; ++i) stacks.push_back(pool.take());
  for (const Stack& stack : stacks) pool.give(stack);
  EXPECT_EQ(pool.trim(), 0u);  // notes what is there
  EXPECT_EQ(pool.trim(), StackPool::kTrimMax);
  EXPECT_EQ(pool.trim(), StackPool::kTrimMax);
  EXPECT_EQ(pool.trim(), 100u);
  EXPECT_EQ(pool.trim(), 0u);
  EXPECT_EQ(pool.idle_slots(), pool.carved_slots());
}

TEST_F(StackPoolTest, TrimKeepsTheMemoryOfStacksInUse) {
  const Stack used = pool_.take(cache_);
  used.bottom[100] = 42;
  pool_.trim();
  pool_.trim();
  EXPECT_EQ(used.bottom[100], 42);
}

}  // namespace
}  // namespace novelo::rt
