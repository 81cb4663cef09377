// The collected heap by itself: which addresses lead to which object, what sweeping leaves, and that cells begin as
// zero.
#include "heap/collected_heap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <memory>
#include <set>
#include <vector>

#include "novelo/error.h"

namespace novelo::rt {
namespace {

using Certainty = CollectedHeap::Certainty;

std::uintptr_t word_of(const void* address) {
  return reinterpret_cast<std::uintptr_t>(address);
}

class CollectedHeapTest : public ::testing::Test {
 protected:
  CollectedHeapTest() { runs_->generation = heap_->generation(); }

  char* allocate(const Layout& layout, std::size_t bytes) {
    if (bytes > kCellBytesMax) return static_cast<char*>(heap_->allocate_large(layout, bytes, *runs_));
    const std::uint16_t kind = heap_->kind_for(layout, bytes);
    CellRuns::Run& run = runs_->runs[kind];
    if (run.bits == 0) return static_cast<char*>(heap_->refill(*runs_, kind));
    const int bit = std::countr_zero(run.bits);
    run.bits &= run.bits - 1;
    return run.base + static_cast<std::size_t>(bit) * kGranuleBytes;
  }
  // As the end of a cycle does.
  void sweep() {
    heap_->flush(*runs_);
    heap_->begin_sweep();
    runs_->generation = heap_->generation();
    while (heap_->sweep_some(1)) {
    }
    EXPECT_TRUE(heap_->is_swept());
  }
  const Layout& plain() { return heap_->layout_of({}); }

  const std::unique_ptr<CollectedHeap> heap_ = std::make_unique<CollectedHeap>(std::size_t{1} << 30);
  const std::unique_ptr<CellRuns> runs_ = std::make_unique<CellRuns>();
};

TEST_F(CollectedHeapTest, EveryAddressInsideAnObjectLeadsToItsStart) {
  for (const std::size_t bytes : {16, 24, 48, 112, 144, 500, 1024, 3000, 8192, 20'000, 3'000'000}) {
    char* object = allocate(plain(), bytes);
    ASSERT_NE(object, nullptr);
    const std::size_t step = std::max<std::size_t>(bytes / 50, 1);
    for (std::size_t i = 0; i < bytes; i += step) {
      const CollectedHeap::Object found = heap_->find(word_of(object + i), Certainty::kMaybe);
      ASSERT_EQ(found.start, object) << bytes << " at " << i;
      ASSERT_GE(found.bytes, bytes);
    }
  }
}

TEST_F(CollectedHeapTest, AWordThatIsNoneOfItsAddressesLeadsNowhere) {
  char* object = allocate(plain(), 100);
  int on_the_stack = 0;
  EXPECT_FALSE(heap_->find(0, Certainty::kMaybe));
  EXPECT_FALSE(heap_->find(~std::uintptr_t{0}, Certainty::kMaybe));
  EXPECT_FALSE(heap_->find(word_of(&on_the_stack), Certainty::kMaybe));
  EXPECT_FALSE(heap_->find(word_of(object) + (std::size_t{1} << 30), Certainty::kMaybe));
  EXPECT_FALSE(heap_->find(word_of(heap_->pages().base()) - 1, Certainty::kMaybe));
}

TEST_F(CollectedHeapTest, ObjectsOfEverySizeAreZeroAndTheirOwn) {
  for (unsigned size_class = 0; size_class < kSizeClasses; ++size_class) {
    const std::size_t bytes = cell_bytes_of(size_class);
    for (int round = 0; round < 2; ++round) {
      std::set<char*> seen;
      for (std::size_t i = 0; i < 2 * span_cells_of(size_class) + 1; ++i) {
        char* object = allocate(plain(), bytes);
        ASSERT_NE(object, nullptr);
        ASSERT_TRUE(std::all_of(object, object + bytes, [](char c) { return c == 0; })) << bytes;
        std::memset(object, 0x5A, bytes);
        ASSERT_TRUE(seen.insert(object).second);
      }
      sweep();
    }
  }
}

TEST_F(CollectedHeapTest, SweepingLeavesWhatIsMarkedAndItsContents) {
  std::vector<char*> objects;
  for (int i = 0; i < 10'000; ++i) {
    objects.push_back(allocate(plain(), 48));
    *objects.back() = static_cast<char>(i);
  }
  for (std::size_t i = 0; i < objects.size(); i += 3) EXPECT_TRUE(heap_->mark(objects[i]));
  EXPECT_FALSE(heap_->mark(objects[0]));
  sweep();
  for (std::size_t i = 0; i < objects.size(); ++i) {
    const CollectedHeap::Object found = heap_->find(word_of(objects[i]), Certainty::kMaybe);
    ASSERT_EQ(static_cast<bool>(found), i % 3 == 0) << i;
    if (found) {
      ASSERT_EQ(*objects[i], static_cast<char>(i));
      ASSERT_FALSE(heap_->is_marked(objects[i]));
    }
  }
  // What was freed is used again before more pages are taken.
  const std::uint64_t in_use = heap_->pages().bytes().in_use;
  for (int i = 0; i < 6000; ++i) allocate(plain(), 48);
  EXPECT_EQ(heap_->pages().bytes().in_use, in_use);
}

TEST_F(CollectedHeapTest, WhatHoldsNothingIsGivenBackWhole) {
  const std::uint64_t before = heap_->pages().bytes().in_use;
  for (int i = 0; i < 10'000; ++i) allocate(plain(), 64);
  allocate(plain(), 10 << 20);
  EXPECT_GT(heap_->pages().bytes().in_use, before + (10 << 20));
  sweep();
  EXPECT_EQ(heap_->pages().bytes().in_use, before);
}

TEST_F(CollectedHeapTest, BlackRunsAreBornMarked) {
  char* white = allocate(plain(), 32);
  heap_->turn_black(*runs_);
  char* from_the_run = allocate(plain(), 32);
  EXPECT_FALSE(heap_->is_marked(white));
  EXPECT_TRUE(heap_->is_marked(from_the_run));
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(heap_->is_marked(allocate(plain(), 32)));
  EXPECT_TRUE(heap_->is_marked(allocate(plain(), 100'000)));
  // What was not used of the run is not kept.
  heap_->flush(*runs_);
  runs_->is_black = false;
  std::uint64_t objects = 0;
  heap_->for_each_object([&](const CollectedHeap::Object&) { ++objects; });
  EXPECT_EQ(objects, 1003u);
}

TEST_F(CollectedHeapTest, WhoHasLeftTheCycleTakesNothingThatItWillSweep) {
  for (int i = 0; i < 100; ++i) allocate(plain(), 32);
  heap_->flush(*runs_);
  runs_->generation = heap_->generation() + 1;
  std::vector<char*> late;
  for (int i = 0; i < 1000; ++i) late.push_back(allocate(plain(), 32));
  // Another is still in the cycle, and must not take those for unswept ones.
  const auto others = std::make_unique<CellRuns>();
  others->generation = heap_->generation();
  const std::uint16_t kind = heap_->kind_for(plain(), 32);
  for (int i = 0; i < 1000; ++i) ASSERT_NE(heap_->refill(*others, kind), nullptr);
  heap_->flush(*others);
  heap_->flush(*runs_);
  heap_->begin_sweep();
  while (heap_->sweep_some(100)) {
  }
  for (char* object : late) ASSERT_TRUE(heap_->find(word_of(object), Certainty::kMaybe));
}

TEST_F(CollectedHeapTest, TypesOfOneShapeShareALayout) {
  ObjectShape shape{.pointers = ObjectShape::Pointers::kExact, .offsets = {0, 8}, .element_bytes = 24};
  const Layout& one = heap_->layout_of(shape);
  EXPECT_EQ(&one, &heap_->layout_of(shape));
  shape.offsets = {0, 16};
  EXPECT_NE(&one, &heap_->layout_of(shape));
}

TEST_F(CollectedHeapTest, ShapesBeyondTheLimitShareCellsThatAreLookedIntoWordByWord) {
  const auto exact = [](std::uint32_t offset) {
    return ObjectShape{.pointers = ObjectShape::Pointers::kExact, .offsets = {offset, offset + 8}};
  };
  std::set<std::uint16_t> own;
  for (std::uint32_t i = 0; i < kOwnKindsMax; ++i) own.insert(heap_->kind_for(heap_->layout_of(exact(8 * i)), 8192));
  EXPECT_EQ(own.size(), kOwnKindsMax);

  const Layout& one = heap_->layout_of(exact(8 * kOwnKindsMax));
  const Layout& other = heap_->layout_of({});
  for (const std::size_t bytes : {48, 8192, 20'000}) {
    char* object = allocate(one, bytes);
    ASSERT_NE(object, nullptr);
    const CollectedHeap::Object found = heap_->find(word_of(object + 8), Certainty::kMaybe);
    EXPECT_EQ(found.start, object);
    EXPECT_EQ(found.layout->shape.pointers, ObjectShape::Pointers::kUnknown);
    EXPECT_EQ(heap_->kind_for(one, bytes), heap_->kind_for(other, bytes));
    EXPECT_FALSE(own.contains(heap_->kind_for(one, bytes)));
  }

  ObjectShape with_destructor;
  with_destructor.destroy = [](void*) noexcept {};
  const Layout& destroyed = heap_->layout_of(with_destructor);
  EXPECT_THROW(heap_->kind_for(destroyed, 48), RuntimeError);
  EXPECT_THROW(heap_->kind_for(destroyed, 20'000), RuntimeError);
}

TEST_F(CollectedHeapTest, AnUnreachableObjectWithADestructorIsFound) {
  const Layout& layout = heap_->layout_of({.destroy = [](void*) noexcept {}});
  char* kept = allocate(layout, 40);
  char* gone = allocate(layout, 40);
  heap_->set_destructor(kept);
  heap_->set_destructor(gone);
  allocate(layout, 40);  // its constructor threw
  heap_->mark(kept);
  const std::vector<CollectedHeap::Object> found = heap_->unmarked_with_destructor();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].start, gone);
}

}  // namespace
}  // namespace novelo::rt
