// The ways that are not taken often: batches, large objects, threads without a cache.
#include "heap/heap.h"

#include "heap/kept_object.h"
#include "os/vm.h"

namespace novelo::rt {
namespace {

constexpr std::size_t kReservedBytes = std::size_t{16} << 30;
constexpr std::size_t kReservedPart = 32;                       // of a limited address space
constexpr std::size_t kScavengedBytes = std::size_t{64} << 20;  // a call

std::size_t pages_for(std::size_t bytes) noexcept {
  return (bytes + kHeapPageBytes - 1) / kHeapPageBytes;
}

Heap& make_heap() noexcept {
  auto& pages = *new PageHeap;                             // outlives every thread
  pages.reserve(vm_share(kReservedBytes, kReservedPart));  // without any, malloc serves everything
  return *new Heap(pages);
}

}  // namespace

Heap::Heap(PageHeap& pages) noexcept : pages_(pages) {
  for (unsigned i = 0; i < kSizeClasses; ++i) central_[i].start(pages_, i);
}

Heap& Heap::get() noexcept {
  static Heap& heap = make_heap();
  return heap;
}

Heap& kept_heap() noexcept {
  static Heap& heap = make_heap();
  return heap;
}

Heap::Place Heap::place_in(const Span* span, const void* address) noexcept {
  if (span == nullptr) return {};
  if (span->use == SpanUse::kLarge) return {span->start, span->bytes()};
  if (span->use != SpanUse::kCells) return {};
  const std::size_t cell = cell_bytes_of(span->size_class);
  const auto offset = static_cast<std::size_t>(static_cast<const char*>(address) - span->start);
  const std::size_t index = offset / cell;
  if (index >= span_cells_of(span->size_class)) return {};
  return {span->start + index * cell, cell};
}

void* Heap::allocate_slow(std::size_t bytes, CellCache* cache) noexcept {
  if (bytes > kCellBytesMax) {
    const Span* span = pages_.take(pages_for(bytes), SpanUse::kLarge);
    return span == nullptr ? nullptr : span->start;
  }
  const unsigned size_class = size_class_of(bytes);
  if (cache == nullptr) {
    void* one = nullptr;
    central_[size_class].take({&one, 1});
    return one;
  }
  CellCache::Cells& cells = cache->classes_[size_class];
  cells.size = central_[size_class].take({cells.at.data(), std::size_t{CellCache::kCapacity[size_class]} / 2});
  std::reverse(cells.at.begin(), cells.at.begin() + static_cast<std::ptrdiff_t>(cells.size));  // the first, first
  return cells.size == 0 ? nullptr : cells.at[--cells.size];
}

void Heap::deallocate_slow(void* memory, std::size_t bytes, CellCache* cache) noexcept {
  if (bytes > kCellBytesMax) {
    pages_.give(*pages_.find(memory));
    return;
  }
  const unsigned size_class = size_class_of(bytes);
  if (cache == nullptr) {
    central_[size_class].give({&memory, 1});
    return;
  }
  // Those that were given back first are the coldest.
  CellCache::Cells& cells = cache->classes_[size_class];
  const std::size_t half = cells.size / 2;
  central_[size_class].give({cells.at.data(), half});
  std::copy(cells.at.begin() + static_cast<std::ptrdiff_t>(half),
            cells.at.begin() + static_cast<std::ptrdiff_t>(cells.size), cells.at.begin());
  cells.size -= half;
  cells.at[cells.size++] = memory;
}

void Heap::drain(CellCache& cache) noexcept {
  for (unsigned i = 0; i < kSizeClasses; ++i) {
    CellCache::Cells& cells = cache.classes_[i];
    central_[i].give({cells.at.data(), cells.size});
    cells.size = 0;
  }
}

std::size_t Heap::scavenge() noexcept {
  return pages_.scavenge(kScavengedBytes);
}

}  // namespace novelo::rt
