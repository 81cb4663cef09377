// What samples add up to: when objects die, when memory is freed by hand, and over many random distances.
#include "gc/heap_samples.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "heap/heap.h"

namespace novelo::rt {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

class HeapSamplesTest : public ::testing::Test {
 protected:
  HeapSamplesTest() { runs_->generation = heap_->generation(); }
  ~HeapSamplesTest() override {
    inner_->unref();
    outer_->unref();
  }

  char* make() {
    const Layout& layout = heap_->layout_of({.pointers = ObjectShape::Pointers::kNone});
    return static_cast<char*>(heap_->refill(*runs_, heap_->kind_for(layout, 16)));
  }
  std::size_t drop_unmarked() {
    std::size_t pauses = 0;
    samples_.drop_unmarked([&pauses] { ++pauses; });
    return pauses;
  }

  const std::unique_ptr<CollectedHeap> heap_ = std::make_unique<CollectedHeap>(64 * kMiB);
  const std::unique_ptr<CellRuns> runs_ = std::make_unique<CellRuns>();
  Account* const inner_ = Account::make();
  Account* const outer_ = Account::make();
  const AccountChain around_{.account = outer_, .outer = nullptr};
  const AccountChain accounts_{.account = inner_, .outer = &around_};
  HeapSamples samples_{*heap_};
};

TEST_F(HeapSamplesTest, AnObjectStandsForItsBytesInAllAccountsUntilItIsDead) {
  char* one = make();
  char* two = make();
  samples_.add(accounts_, one, 1000);
  samples_.add(around_, two, 500);
  EXPECT_EQ(inner_->held_bytes(), 1000u);
  EXPECT_EQ(outer_->held_bytes(), 1500u);
  heap_->mark(one);
  drop_unmarked();
  EXPECT_EQ(inner_->held_bytes(), 1000u);
  EXPECT_EQ(outer_->held_bytes(), 1000u);
  heap_->unmark(one);
  drop_unmarked();
  EXPECT_EQ(inner_->held_bytes(), 0u);
  EXPECT_EQ(outer_->held_bytes(), 0u);
}

TEST_F(HeapSamplesTest, WhatComesWhileTheDeadAreDroppedStays) {
  std::vector<char*> objects;
  for (int i = 0; i < 2000; ++i) {
    objects.push_back(make());
    samples_.add(around_, objects.back(), 1);
    if (i % 3 == 0) heap_->mark(objects.back());
  }
  std::uint64_t added = 0;
  samples_.drop_unmarked([&] {
    char* born_black = make();
    heap_->mark(born_black);
    samples_.add(around_, born_black, 1);
    ++added;
  });
  EXPECT_GT(added, 1u);
  EXPECT_EQ(outer_->held_bytes(), 667 + added);
  drop_unmarked();
  EXPECT_EQ(outer_->held_bytes(), 667 + added);
}

TEST_F(HeapSamplesTest, WhatIsFreedByHandIsForgottenThen) {
  const auto traced = std::make_unique<Heap>(heap_->pages());
  void* one = traced->allocate(64, nullptr);
  void* two = traced->allocate(64, nullptr);
  samples_.add_traced(accounts_, one, 4000);
  samples_.forget_traced(two);
  drop_unmarked();
  EXPECT_EQ(inner_->held_bytes(), 4000u);
  samples_.forget_traced(one);
  EXPECT_EQ(inner_->held_bytes(), 0u);
  EXPECT_EQ(outer_->held_bytes(), 0u);
  EXPECT_FALSE(heap_->is_marked(static_cast<char*>(one)));
  samples_.forget_traced(one);
  EXPECT_EQ(outer_->held_bytes(), 0u);
}

TEST(SamplePointsTest, StandForWhatIsAllocatedOnAverage) {
  for (const std::uint64_t bytes : {16, 1000, 30'000, 60'000}) {
    SamplePoints points(bytes);
    std::uint64_t sum = 0;
    const std::uint64_t total = 512 * kMiB;
    for (std::uint64_t at = 0; at < total; at += bytes) sum += points.take(bytes);
    EXPECT_NEAR(static_cast<double>(sum) / static_cast<double>(total), 1.0, 0.05) << bytes;
  }
}

TEST(SamplePointsTest, EachObjectOfAnIntervalOrMoreStandsForItself) {
  SamplePoints points(1);
  EXPECT_EQ(points.take(kSampleInterval), kSampleInterval);
  EXPECT_EQ(points.take(3 * kMiB + 5), 3 * kMiB + 5);
}

}  // namespace
}  // namespace novelo::rt
