// From a reference to all that can be reached, by layouts of every kind.
#include "gc/marker.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace novelo::rt {
namespace {

class MarkerTest : public ::testing::Test {
 protected:
  MarkerTest() { runs_->generation = heap_->generation(); }

  void** make(const ObjectShape& shape, std::size_t bytes) {
    const Layout& layout = heap_->layout_of(shape);
    void* object = bytes > kCellBytesMax ? heap_->allocate_large(layout, bytes, *runs_)
                                         : heap_->refill(*runs_, heap_->kind_for(layout, bytes));
    return static_cast<void**>(object);
  }
  bool is_marked(void** object) { return heap_->is_marked(reinterpret_cast<char*>(object)); }
  void mark_from(const void* object) {
    Marker marker(*heap_, queue_);
    marker.shade(reinterpret_cast<std::uintptr_t>(object));
    while (marker.drain(1000)) {
    }
    marker.finish();
    EXPECT_TRUE(queue_.is_done());
  }

  const ObjectShape pair_{.pointers = ObjectShape::Pointers::kExact, .offsets = {0, 8}, .element_bytes = 16};
  const ObjectShape pairs_{
      .pointers = ObjectShape::Pointers::kExact, .offsets = {8}, .element_bytes = 16, .is_array = true};
  const ObjectShape unknown_{.pointers = ObjectShape::Pointers::kUnknown};
  const std::unique_ptr<CollectedHeap> heap_ = std::make_unique<CollectedHeap>(std::size_t{1} << 30);
  const std::unique_ptr<CellRuns> runs_ = std::make_unique<CellRuns>();
  MarkQueue queue_;
};

TEST_F(MarkerTest, EveryNodeOfALongListIsMarked) {
  std::vector<void**> nodes;
  for (int i = 0; i < 50'000; ++i) {
    nodes.push_back(make(pair_, 16));
    if (i > 0) nodes[nodes.size() - 2][i % 2] = nodes.back();
  }
  void** other = make(pair_, 16);
  mark_from(nodes[0]);
  for (void** node : nodes) ASSERT_TRUE(is_marked(node));
  EXPECT_FALSE(is_marked(other));
}

TEST_F(MarkerTest, CyclesEnd) {
  void** one = make(pair_, 16);
  void** two = make(pair_, 16);
  one[0] = two;
  two[0] = two[1] = one;
  mark_from(one);
  EXPECT_TRUE(is_marked(two));
}

TEST_F(MarkerTest, OnlyReferencesOfAnExactShapeAreFollowed) {
  void** array = make(pairs_, 160);
  void** followed = make(pair_, 16);
  void** not_followed = make(pair_, 16);
  array[10] = not_followed;
  array[11] = followed;
  mark_from(array);
  EXPECT_TRUE(is_marked(followed));
  EXPECT_FALSE(is_marked(not_followed));
}

TEST_F(MarkerTest, EveryWordOfAnUnknownShapeMayBeAReferenceIntoAnObject) {
  void** object = make(unknown_, 80);
  void** one = make(pair_, 16);
  void** large = make({}, 50'000);
  object[3] = one;
  object[9] = reinterpret_cast<char*>(large) + 40'001;
  object[5] = reinterpret_cast<void*>(std::uintptr_t{0xDEAD'BEEF});
  mark_from(object);
  EXPECT_TRUE(is_marked(one));
  EXPECT_TRUE(is_marked(large));
}

TEST_F(MarkerTest, LargeObjectsAreLookedIntoToTheirEnd) {
  for (const ObjectShape& shape : {pairs_, unknown_}) {
    constexpr std::size_t kWords = 200'000;
    void** array = make(shape, kWords * sizeof(void*));
    std::vector<void**> elements;
    for (std::size_t i = 1; i < kWords; i += 999 * 2) {
      elements.push_back(make(pair_, 16));
      array[i] = elements.back();
    }
    elements.push_back(make(pair_, 16));
    array[kWords - 1] = elements.back();
    mark_from(array);
    for (void** element : elements) ASSERT_TRUE(is_marked(element));
  }
}

TEST_F(MarkerTest, ObjectsWithoutReferencesAreNotLookedInto) {
  void** plain = make({}, 64);
  void** hidden = make(pair_, 16);
  plain[0] = hidden;
  mark_from(plain);
  EXPECT_TRUE(is_marked(plain));
  EXPECT_FALSE(is_marked(hidden));
}

TEST_F(MarkerTest, TellsHowMuchItMarked) {
  void** one = make(pair_, 16);
  one[0] = make(pair_, 16);
  Marker marker(*heap_, queue_);
  marker.shade(reinterpret_cast<std::uintptr_t>(one));
  while (marker.drain(1000)) {
  }
  EXPECT_EQ(marker.take_marked_objects(), 2u);
  EXPECT_EQ(marker.take_marked_bytes(), 32u);
  EXPECT_EQ(marker.take_marked_bytes(), 0u);
}

}  // namespace
}  // namespace novelo::rt
