// One bit a cell: nothing is written into a free cell, so that what was last in it does not come into the cache again.
#include "heap/central_list.h"

#include <bit>

#include "base/check.h"

namespace novelo::rt {

void CentralList::start(PageHeap& pages, unsigned size_class) noexcept {
  pages_ = &pages;
  size_class_ = size_class;
}

std::size_t CentralList::take(std::span<void*> cells) noexcept {
  const LockGuard guard(lock_);
  std::size_t taken = 0;
  while (taken < cells.size()) {
    Span* span = spans_.front();
    if (span == nullptr) {
      span = pages_->take(span_pages_of(size_class_), SpanUse::kCells, size_class_);
      if (span == nullptr) break;
      span->free_cells = static_cast<std::uint32_t>(span_cells_of(size_class_));
      for (std::size_t i = 0; i < span->free_bits.size(); ++i) {
        const std::size_t before = i * 64;
        const std::size_t left = span->free_cells > before ? span->free_cells - before : 0;
        span->free_bits[i] = left >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << left) - 1;
      }
      spans_.push_front(*span);
    }
    if (span == empty_) empty_ = nullptr;
    taken += take_from(*span, cells.subspan(taken));
    if (span->free_cells == 0) span->unlink();
  }
  return taken;
}

std::size_t CentralList::take_from(Span& span, std::span<void*> cells) noexcept {
  const std::size_t bytes = cell_bytes_of(size_class_);
  std::size_t taken = 0;
  for (std::size_t i = 0; i < span.free_bits.size() && taken < cells.size(); ++i) {
    std::uint64_t& word = span.free_bits[i];
    while (word != 0 && taken < cells.size()) {
      const auto cell = i * 64 + static_cast<std::size_t>(std::countr_zero(word));
      word &= word - 1;
      cells[taken++] = span.start + cell * bytes;
    }
  }
  span.free_cells -= static_cast<std::uint32_t>(taken);
  return taken;
}

void CentralList::give(std::span<void* const> cells) noexcept {
  const std::size_t bytes = cell_bytes_of(size_class_);
  const std::size_t all = span_cells_of(size_class_);
  const LockGuard guard(lock_);
  for (void* cell : cells) {
    Span* span = pages_->find(cell);
    NOVELO_DCHECK(span != nullptr && span->size_class == size_class_);
    const std::size_t number = static_cast<std::size_t>(static_cast<char*>(cell) - span->start) / bytes;
    const std::uint64_t bit = std::uint64_t{1} << (number % 64);
    NOVELO_DCHECK((span->free_bits[number / 64] & bit) == 0);  // given twice
    span->free_bits[number / 64] |= bit;
    if (span->free_cells++ == 0) spans_.push_front(*span);
    if (span->free_cells < all) continue;
    if (empty_ == nullptr) {
      empty_ = span;
    } else {
      span->unlink();
      pages_->give(*span);
    }
  }
}

}  // namespace novelo::rt
