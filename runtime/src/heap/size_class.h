// runtime/src/heap/size_class.h
// The sizes cells come in: every 16 bytes up to 128, then eight to each doubling, so that at most an eighth of a cell
// is left unused; and how many pages a span of each has.
//
//   who    the heap, at compile time and in a few instructions at run time
//   tested tests/unit/heap/size_class_test.cc
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace novelo::rt {

inline constexpr std::size_t kHeapPageBytes = std::size_t{8} << 10;
inline constexpr std::size_t kCellBytesMin = 16;
inline constexpr std::size_t kCellBytesMax = kHeapPageBytes;  // what is larger has pages of its own
inline constexpr unsigned kSizeClasses = 56;

// Requires 0 < bytes <= kCellBytesMax.
constexpr unsigned size_class_of(std::size_t bytes) noexcept {
  constexpr unsigned kEven = 8;  // classes up to 128
  const std::size_t last = bytes - 1;
  if (last < kEven * kCellBytesMin) return static_cast<unsigned>(last / kCellBytesMin);
  const auto top = static_cast<unsigned>(std::bit_width(last)) - 1;  // from 7
  return kEven + (top - 7) * 8 + static_cast<unsigned>((last >> (top - 3)) & 7);
}

constexpr std::size_t cell_bytes_of(unsigned size_class) noexcept {
  if (size_class < 8) return (size_class + 1) * kCellBytesMin;
  const unsigned doubling = (size_class - 8) / 8;
  return (std::size_t{128} << doubling) + ((size_class - 8) % 8 + 1) * (kCellBytesMin << doubling);
}

// So many that at most a sixteenth is left over, and at least eight cells fit.
constexpr std::size_t span_pages_of(unsigned size_class) noexcept {
  const std::size_t cell = cell_bytes_of(size_class);
  for (std::size_t pages = 1; pages < 8; pages *= 2) {
    const std::size_t bytes = pages * kHeapPageBytes;
    if (bytes / cell >= 8 && bytes % cell <= bytes / 16) return pages;
  }
  return 8;
}

constexpr std::size_t span_cells_of(unsigned size_class) noexcept {
  return span_pages_of(size_class) * kHeapPageBytes / cell_bytes_of(size_class);
}

inline constexpr std::size_t kSpanCellsMax = kHeapPageBytes / kCellBytesMin;

// The size to ask for so that cells are aligned to a power of two: a multiple of it, whose class then is one too.
constexpr std::size_t aligned_size(std::size_t bytes, std::size_t align) noexcept {
  return (bytes + align - 1) & ~(align - 1);
}

}  // namespace novelo::rt
