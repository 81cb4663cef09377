// Cells of one size: none given out twice, spans returned when all their cells are back.
#include "heap/central_list.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

namespace novelo::rt {
namespace {

class CentralListTest : public ::testing::TestWithParam<unsigned> {
 protected:
  void SetUp() override {
    ASSERT_TRUE(pages_.reserve(std::size_t{64} << 20));
    list_.start(pages_, GetParam());
  }
  std::size_t cell_bytes() const { return cell_bytes_of(GetParam()); }
  std::size_t span_bytes() const { return span_pages_of(GetParam()) * kHeapPageBytes; }

  PageHeap pages_;
  CentralList list_;
};

TEST_P(CentralListTest, NoCellIsGivenOutTwiceAndNoneOverlapAnother) {
  std::vector<void*> cells(3 * span_cells_of(GetParam()) + 1);
  ASSERT_EQ(list_.take(cells), cells.size());
  EXPECT_EQ(pages_.bytes().in_use, 4 * span_bytes());
  std::sort(cells.begin(), cells.end());
  for (std::size_t i = 1; i < cells.size(); ++i) {
    ASSERT_GE(static_cast<char*>(cells[i]) - static_cast<char*>(cells[i - 1]),
              static_cast<std::ptrdiff_t>(cell_bytes()));
  }
  for (void* cell : cells) {
    const Span* span = pages_.find(cell);
    ASSERT_LE(static_cast<char*>(cell) + cell_bytes(), span->start + span->bytes());
  }
  list_.give(cells);
}

TEST_P(CentralListTest, SpansWithAllCellsFreeGoBackButOne) {
  std::vector<void*> cells(5 * span_cells_of(GetParam()));
  ASSERT_EQ(list_.take(cells), cells.size());
  list_.give(cells);
  EXPECT_EQ(pages_.bytes().in_use, span_bytes());
  ASSERT_EQ(list_.take({cells.data(), 1}), 1u);
  EXPECT_EQ(pages_.bytes().in_use, span_bytes());
}

TEST_P(CentralListTest, ACellThatWasGivenBackIsTakenBeforeNewSpans) {
  std::vector<void*> cells(2 * span_cells_of(GetParam()));
  ASSERT_EQ(list_.take(cells), cells.size());
  const std::set<void*> back{cells.front(), cells[cells.size() / 2], cells.back()};
  for (void* cell : back) list_.give({&cell, 1});
  std::vector<void*> again(back.size());
  ASSERT_EQ(list_.take(again), again.size());
  EXPECT_EQ(std::set<void*>(again.begin(), again.end()), back);
  EXPECT_EQ(pages_.bytes().in_use, 2 * span_bytes());
}

TEST_P(CentralListTest, AtTheEndOfMemoryFewerCellsComeAndThenNone) {
  std::vector<void*> cells((std::size_t{80} << 20) / cell_bytes());
  const std::size_t taken = list_.take(cells);
  EXPECT_LT(taken, cells.size());
  EXPECT_GT(taken * cell_bytes(), std::size_t{56} << 20);
  void* one = nullptr;
  EXPECT_EQ(list_.take({&one, 1}), 0u);
  list_.give({cells.data(), taken});
}

INSTANTIATE_TEST_SUITE_P(Sizes, CentralListTest, ::testing::Values(0, 1, 8, 20, 39, kSizeClasses - 1),
                         [](const auto& one) { return std::to_string(cell_bytes_of(one.param)); });

}  // namespace
}  // namespace novelo::rt
