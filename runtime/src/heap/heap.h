// runtime/src/heap/heap.h
// Memory that is given back by hand: cells from a processor's cache, spans for what is large. One for the runtime's own
// objects, and one for those that the collector has to look into; both for ever, since channels and handles outlive a
// Runtime.
//
//   who        allocate() and deallocate() of sched/memory.h, from any thread
//   cost       about 2 ns from a cache; a lock for a batch of cells when it is empty or full
//   invariants a cell is in use, in one cache, or in its central list. Whoever deallocates says how many bytes were
//   asked
//              for, so no table is looked at
//   tested     tests/unit/heap/heap_test.cc, tests/stress/heap_test.cc
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include "heap/central_list.h"
#include "heap/page_heap.h"

namespace novelo::rt {

// A processor's own free cells: last in, first out.
class CellCache {
 public:
  CellCache() = default;
  CellCache(const CellCache&) = delete;
  CellCache& operator=(const CellCache&) = delete;

 private:
  friend class Heap;
  static constexpr std::size_t kCellsMax = 64;

  // So that the cells of a class are few kilobytes.
  static constexpr std::array<std::uint8_t, kSizeClasses> kCapacity = [] {
    std::array<std::uint8_t, kSizeClasses> capacity{};
    for (unsigned i = 0; i < kSizeClasses; ++i) {
      capacity[i] =
          static_cast<std::uint8_t>(std::clamp<std::size_t>((std::size_t{16} << 10) / cell_bytes_of(i), 4, kCellsMax));
    }
    return capacity;
  }();

  struct Cells {
    std::size_t size = 0;
    std::array<void*, kCellsMax> at;
  };
  std::array<Cells, kSizeClasses> classes_;
};

class Heap {
 public:
  explicit Heap(PageHeap& pages) noexcept;
  Heap(const Heap&) = delete;
  Heap& operator=(const Heap&) = delete;

  // That of the runtime's own objects. Made at the first use.
  static Heap& get() noexcept;

  // `bytes` above zero, of any content, aligned to 16 bytes and as aligned_size() says. nullptr when memory ran out.
  // `cache` is the calling thread's alone, or nullptr.
  void* allocate(std::size_t bytes, CellCache* cache) noexcept {
    if (bytes <= kCellBytesMax && cache != nullptr) [[likely]] {
      CellCache::Cells& cells = cache->classes_[size_class_of(bytes)];
      if (cells.size > 0) [[likely]]
        return cells.at[--cells.size];
    }
    return allocate_slow(bytes, cache);
  }
  void deallocate(void* memory, std::size_t bytes, CellCache* cache) noexcept {
    if (bytes <= kCellBytesMax && cache != nullptr) [[likely]] {
      const unsigned size_class = size_class_of(bytes);
      CellCache::Cells& cells = cache->classes_[size_class];
      if (cells.size < CellCache::kCapacity[size_class]) [[likely]] {
        cells.at[cells.size++] = memory;
        return;
      }
    }
    deallocate_slow(memory, bytes, cache);
  }
  bool contains(const void* memory) const noexcept { return pages_.contains(memory); }
  // The cell or large object that `address` lies in, whether it is in use or not. From any thread.
  struct Place {
    char* start = nullptr;
    std::size_t bytes = 0;
  };
  Place find(const void* address) const noexcept { return place_in(pages_.find(address), address); }
  static Place place_in(const Span* span, const void* address) noexcept;
  // Gives all of it back; it can be used on.
  void drain(CellCache& cache) noexcept;

  // Gives memory that nobody wanted since the last call back to the system, a bounded part a call.
  std::size_t scavenge() noexcept;
  PageHeap::Bytes bytes() const noexcept { return pages_.bytes(); }
  const char* begin() const noexcept { return pages_.base(); }
  std::size_t bytes_max() const noexcept { return pages_.bytes_max(); }  // of address space; 0: it has none

 private:
  void* allocate_slow(std::size_t bytes, CellCache* cache) noexcept;
  void deallocate_slow(void* memory, std::size_t bytes, CellCache* cache) noexcept;

  PageHeap& pages_;
  std::array<CentralList, kSizeClasses> central_;
};

}  // namespace novelo::rt
