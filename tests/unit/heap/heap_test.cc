// Memory of every size, from caches and without.
#include "heap/heap.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <random>
#include <set>
#include <vector>

#include "support/seed.h"

namespace novelo::rt {
namespace {

class HeapTest : public ::testing::Test {
 protected:
  const std::unique_ptr<PageHeap> pages_ = [] {
    auto pages = std::make_unique<PageHeap>();
    EXPECT_TRUE(pages->reserve(std::size_t{16} << 30));
    return pages;
  }();
  const std::unique_ptr<Heap> heap_ = std::make_unique<Heap>(*pages_);
  const std::unique_ptr<CellCache> cache_ = std::make_unique<CellCache>();
};

TEST_F(HeapTest, TheLastCellGivenBackIsTheFirstTaken) {
  void* one = heap_->allocate(100, cache_.get());
  void* two = heap_->allocate(100, cache_.get());
  EXPECT_NE(one, two);
  heap_->deallocate(one, 100, cache_.get());
  heap_->deallocate(two, 100, cache_.get());
  EXPECT_EQ(heap_->allocate(112, cache_.get()), two) << "of one class";
  EXPECT_EQ(heap_->allocate(100, cache_.get()), one);
}

TEST_F(HeapTest, EverySizeIsAlignedAndItsOwn) {
  std::mt19937_64 random(testing::seed());
  struct Block {
    unsigned char* at;
    std::size_t bytes;
    unsigned char mark;
  };
  std::vector<Block> blocks;
  for (int turn = 0; turn < 30'000; ++turn) {
    CellCache* cache = random() % 4 == 0 ? nullptr : cache_.get();
    if (blocks.size() < 500 && random() % 2 == 0) {
      const std::size_t bytes = random() % 50 == 0 ? 1 + random() % 300'000 : 1 + random() % 2000;
      auto* at = static_cast<unsigned char*>(heap_->allocate(bytes, cache));
      ASSERT_NE(at, nullptr);
      ASSERT_EQ(reinterpret_cast<std::uintptr_t>(at) % 16, 0u);
      const auto mark = static_cast<unsigned char>(random());
      std::memset(at, mark, bytes);
      blocks.push_back({at, bytes, mark});
    } else if (!blocks.empty()) {
      std::swap(blocks[random() % blocks.size()], blocks.back());
      const Block one = blocks.back();
      blocks.pop_back();
      for (std::size_t i = 0; i < one.bytes; i += 7) ASSERT_EQ(one.at[i], one.mark);
      heap_->deallocate(one.at, one.bytes, cache);
    }
  }
  for (const Block& one : blocks) heap_->deallocate(one.at, one.bytes, cache_.get());
}

TEST_F(HeapTest, ADrainedCacheLeavesOneSpanAClassInUse) {
  std::vector<std::pair<void*, std::size_t>> blocks;
  for (std::size_t bytes = 16; bytes <= kCellBytesMax; bytes += 16) {
    for (int i = 0; i < 20; ++i) blocks.emplace_back(heap_->allocate(bytes, cache_.get()), bytes);
  }
  for (const auto& [at, bytes] : blocks) heap_->deallocate(at, bytes, cache_.get());
  heap_->drain(*cache_);
  std::uint64_t kept = 0;
  for (unsigned i = 0; i < kSizeClasses; ++i) kept += span_pages_of(i) * kHeapPageBytes;
  EXPECT_EQ(heap_->bytes().in_use, kept);
}

TEST_F(HeapTest, WhatIsLargeHasPagesOfItsOwnAndGivesThemBack) {
  const std::uint64_t before = heap_->bytes().in_use;
  void* large = heap_->allocate(kCellBytesMax + 1, cache_.get());
  EXPECT_EQ(heap_->bytes().in_use, before + 2 * kHeapPageBytes);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(large) % kHeapPageBytes, 0u);
  heap_->deallocate(large, kCellBytesMax + 1, cache_.get());
  EXPECT_EQ(heap_->bytes().in_use, before);
}

TEST_F(HeapTest, KnowsItsOwnMemory) {
  void* small = heap_->allocate(100, cache_.get());
  void* large = heap_->allocate(100'000, cache_.get());
  const auto elsewhere = std::make_unique<int>();
  EXPECT_TRUE(heap_->contains(small));
  EXPECT_TRUE(heap_->contains(large));
  EXPECT_FALSE(heap_->contains(elsewhere.get()));
  heap_->deallocate(small, 100, cache_.get());
  heap_->deallocate(large, 100'000, cache_.get());
}

TEST_F(HeapTest, MoreThanTheSystemHasGivesNothing) {
  EXPECT_EQ(heap_->allocate(std::size_t{1} << 60, cache_.get()), nullptr);
}

}  // namespace
}  // namespace novelo::rt
