// runtime/src/heap/central_list.h
// The cells of one size class that no processor keeps: spans with some of them free.
//
//   who        caches, when they have none left or too many
//   may        take its lock, and under it the page heap's
//   invariants a cell is taken, or its bit is set in its span, never both; a span with none free is in no list
//   tested     tests/unit/heap/central_list_test.cc
#pragma once

#include <cstddef>
#include <span>

#include "base/intrusive_list.h"
#include "base/lock.h"
#include "heap/page_heap.h"

namespace novelo::rt {

class CentralList {
 public:
  CentralList() = default;
  CentralList(const CentralList&) = delete;
  CentralList& operator=(const CentralList&) = delete;
  void start(PageHeap& pages, unsigned size_class) noexcept;

  // Fills `cells` from the front, from few spans, in the order of their addresses. Returns how many; fewer only when
  // memory ran out.
  std::size_t take(std::span<void*> cells) noexcept;
  void give(std::span<void* const> cells) noexcept;

 private:
  std::size_t take_from(Span& span, std::span<void*> cells) noexcept NOVELO_REQUIRES(lock_);

  Lock<LockRank::kCentralList> lock_;
  PageHeap* pages_ = nullptr;
  unsigned size_class_ = 0;
  IntrusiveList<Span> spans_ NOVELO_GUARDED_BY(lock_);  // with free cells
  Span* empty_ NOVELO_GUARDED_BY(lock_) = nullptr;      // one of them with all cells free is kept
};

}  // namespace novelo::rt
