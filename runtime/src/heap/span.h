// runtime/src/heap/span.h
// A run of pages of the heap: free, cut into cells of one size, or one large object.
//
//   who    its page heap while it is free, its central list while it is cut; each under its lock
//   memory records lie in a table of their own and are never freed: an address leads to its record by two loads
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/intrusive_list.h"
#include "heap/size_class.h"

namespace novelo::rt {

enum class SpanUse : std::uint8_t { kNone, kFree, kCells, kLarge, kCollected };

struct Span : ListLink {
  char* start = nullptr;
  std::uint32_t pages = 0;
  SpanUse use = SpanUse::kNone;
  std::uint8_t size_class = 0;        // kCells
  bool is_released = false;           // kFree: the system has the memory
  bool is_zero = false;               // as it was taken: its memory reads as zero
  bool was_free_at_scavenge = false;  // kFree: nobody has wanted it since
  std::uint32_t free_cells = 0;       // kCells: in free_bits
  std::array<std::uint64_t, kSpanCellsMax / 64> free_bits{};

  std::size_t bytes() const noexcept { return pages * kHeapPageBytes; }
};

}  // namespace novelo::rt
