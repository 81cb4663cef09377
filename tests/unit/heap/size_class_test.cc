// Every size has a cell that fits and is hardly larger.
#include "heap/size_class.h"

#include <gtest/gtest.h>

namespace novelo::rt {
namespace {

TEST(SizeClass, IsTheSmallestThatFits) {
  unsigned before = 0;
  for (std::size_t bytes = 1; bytes <= kCellBytesMax; ++bytes) {
    const unsigned found = size_class_of(bytes);
    ASSERT_LT(found, kSizeClasses) << bytes;
    ASSERT_GE(cell_bytes_of(found), bytes);
    if (found > 0) {
      ASSERT_LT(cell_bytes_of(found - 1), bytes);
    }
    ASSERT_TRUE(found == before || found == before + 1) << bytes;
    before = found;
  }
  EXPECT_EQ(before, kSizeClasses - 1);
}

TEST(SizeClass, LeavesAtMostAnEighthUnused) {
  for (std::size_t bytes = 128; bytes <= kCellBytesMax; ++bytes) {
    ASSERT_LE((cell_bytes_of(size_class_of(bytes)) - bytes) * 8, bytes) << bytes;
  }
}

TEST(SizeClass, OfASpanLeavesLittleOver) {
  for (unsigned i = 0; i < kSizeClasses; ++i) {
    const std::size_t bytes = span_pages_of(i) * kHeapPageBytes;
    EXPECT_LE(span_cells_of(i), kSpanCellsMax);
    EXPECT_GE(span_cells_of(i), 8u);
    EXPECT_LE(bytes - span_cells_of(i) * cell_bytes_of(i), bytes / 10) << cell_bytes_of(i);
  }
}

TEST(SizeClass, OfAnAlignedSizeIsAMultipleOfTheAlignment) {
  for (std::size_t align = 16; align <= kHeapPageBytes; align *= 2) {
    for (std::size_t bytes = 1; bytes <= kCellBytesMax; bytes += 13) {
      const std::size_t size = aligned_size(bytes, align);
      ASSERT_GE(size, bytes);
      if (size <= kCellBytesMax) {
        ASSERT_EQ(cell_bytes_of(size_class_of(size)) % align, 0u) << bytes << " at " << align;
      }
    }
  }
}

}  // namespace
}  // namespace novelo::rt
