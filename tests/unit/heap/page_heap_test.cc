// Pages: given out once, found by address, joined again, given back to the system.
#include "heap/page_heap.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <random>
#include <vector>

#include "support/seed.h"

namespace novelo::rt {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;

class PageHeapTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(heap_.reserve(256 * kMiB)); }
  PageHeap heap_;
};

TEST_F(PageHeapTest, ASpanIsFoundByEachOfItsAddresses) {
  Span* span = heap_.take(5, SpanUse::kLarge);
  ASSERT_NE(span, nullptr);
  for (std::size_t at = 0; at < 5 * kHeapPageBytes; at += 999) EXPECT_EQ(heap_.find(span->start + at), span);
  EXPECT_NE(heap_.find(span->start + span->bytes()), span);
  EXPECT_NE(heap_.find(span->start - 1), span);
  const int elsewhere = 0;
  EXPECT_EQ(heap_.find(&elsewhere), nullptr);
  char* start = span->start;
  heap_.give(*span);
  EXPECT_EQ(heap_.find(start), nullptr);
}

TEST_F(PageHeapTest, NeighboursThatAreFreeBecomeOne) {
  std::vector<Span*> spans;
  for (int i = 0; i < 8; ++i) spans.push_back(heap_.take(2, SpanUse::kCells));
  char* lowest = spans[0]->start;
  for (const int i : {3, 1, 0, 2, 7, 5, 4, 6}) heap_.give(*spans[static_cast<std::size_t>(i)]);
  const Span* whole = heap_.take(16, SpanUse::kLarge);
  EXPECT_EQ(whole->start, lowest);
  EXPECT_EQ(heap_.bytes().free, 0u);
}

TEST_F(PageHeapTest, TheRestOfALargerRunStaysFree) {
  heap_.give(*heap_.take(10, SpanUse::kLarge));
  const Span* part = heap_.take(3, SpanUse::kLarge);
  EXPECT_EQ(heap_.bytes().free, 7 * kHeapPageBytes);
  EXPECT_EQ(heap_.bytes().in_use, part->bytes());
}

TEST_F(PageHeapTest, MoreThanThereIsGivesNothing) {
  EXPECT_EQ(heap_.take(heap_.bytes_max() / kHeapPageBytes + 1, SpanUse::kLarge), nullptr);
  EXPECT_EQ(heap_.take(0, SpanUse::kLarge), nullptr);
  std::vector<Span*> all;
  while (Span* one = heap_.take(512, SpanUse::kLarge)) all.push_back(one);
  EXPECT_EQ(all.size(), heap_.bytes_max() / (512 * kHeapPageBytes));
  heap_.give(*all.back());
  EXPECT_NE(heap_.take(512, SpanUse::kLarge), nullptr);
}

TEST_F(PageHeapTest, WhatNobodyWantsGoesBackToTheSystemAndReadsAsZero) {
  Span* span = heap_.take(100, SpanUse::kLarge);
  Span* kept = heap_.take(1, SpanUse::kLarge);
  std::memset(span->start, 1, span->bytes());
  std::memset(kept->start, 1, kept->bytes());
  char* start = span->start;
  heap_.give(*span);
  EXPECT_EQ(heap_.scavenge(256 * kMiB), 0u) << "it was wanted a moment ago";
  EXPECT_EQ(heap_.scavenge(256 * kMiB), 100 * kHeapPageBytes);
  EXPECT_EQ(heap_.bytes().released, 100 * kHeapPageBytes);
  EXPECT_EQ(heap_.bytes().free, 0u);
  EXPECT_EQ(heap_.scavenge(256 * kMiB), 0u);
  const Span* again = heap_.take(100, SpanUse::kLarge);
  ASSERT_EQ(again->start, start);
  EXPECT_EQ(again->start[77], 0);
  EXPECT_EQ(kept->start[77], 1);
  EXPECT_EQ(heap_.bytes().released, 0u);
}

// The system keeps memory that is locked.
TEST_F(PageHeapTest, WhatTheSystemDoesNotTakeBackIsNotTakenForZero) {
  Span* span = heap_.take(2, SpanUse::kLarge);
  std::memset(span->start, 1, span->bytes());
  char* start = span->start;
  ASSERT_EQ(syscall(SYS_mlock, start, span->bytes()), 0);  // sanitizers make nothing of mlock()
  heap_.give(*span);
  for (int i = 0; i < 3; ++i) heap_.scavenge(256 * kMiB);
  const Span* again = heap_.take(2, SpanUse::kLarge);
  ASSERT_EQ(again->start, start);
  EXPECT_EQ(again->is_zero, std::all_of(start, start + again->bytes(), [](char byte) { return byte == 0; }));
}

TEST_F(PageHeapTest, ACallGivesBackNoMoreThanItIsAllowed) {
  std::vector<Span*> spans;
  for (int i = 0; i < 10; ++i) {
    spans.push_back(heap_.take(4, SpanUse::kLarge));
    ASSERT_NE(heap_.take(1, SpanUse::kLarge), nullptr);  // keeps neighbours apart
  }
  for (Span* span : spans) heap_.give(*span);
  heap_.scavenge(1);
  EXPECT_EQ(heap_.scavenge(4 * kHeapPageBytes), 4 * kHeapPageBytes);
  EXPECT_EQ(heap_.bytes().free, 9 * 4 * kHeapPageBytes);
}

// Against a map of what is taken.
TEST_F(PageHeapTest, RandomTurnsKeepEachPageWithOneOwner) {
  std::mt19937_64 random(testing::seed());
  std::map<char*, Span*> taken;
  std::uint64_t bytes = 0;
  for (int turn = 0; turn < 20'000; ++turn) {
    if (taken.empty() || random() % 2 == 0) {
      const std::size_t pages = random() % 4 == 0 ? 1 + random() % 200 : 1 + random() % 8;
      Span* span = heap_.take(pages, random() % 2 == 0 ? SpanUse::kLarge : SpanUse::kCells);
      if (span == nullptr) continue;
      ASSERT_EQ(span->pages, pages);
      const auto above = taken.lower_bound(span->start);
      if (above != taken.end()) {
        ASSERT_LE(span->start + span->bytes(), above->first);
      }
      if (above != taken.begin()) {
        const Span& below = *std::prev(above)->second;
        ASSERT_LE(below.start + below.bytes(), span->start);
      }
      span->start[0] = span->start[span->bytes() - 1] = 1;
      taken.emplace(span->start, span);
      bytes += span->bytes();
    } else {
      const auto one = std::next(taken.begin(), static_cast<std::ptrdiff_t>(random() % taken.size()));
      bytes -= one->second->bytes();
      heap_.give(*one->second);
      taken.erase(one);
    }
    if (turn % 1000 == 0) heap_.scavenge(kMiB);
    ASSERT_EQ(heap_.bytes().in_use, bytes);
  }
  for (const auto& [start, span] : taken) heap_.give(*span);
  EXPECT_EQ(heap_.bytes().in_use, 0u);
  // All of it is one again.
  const std::uint64_t all = heap_.bytes().free + heap_.bytes().released;
  const Span* whole = heap_.take(all / kHeapPageBytes, SpanUse::kLarge);
  ASSERT_NE(whole, nullptr);
  EXPECT_EQ(heap_.bytes().free + heap_.bytes().released, 0u);
}

}  // namespace
}  // namespace novelo::rt
