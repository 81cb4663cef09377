// runtime/src/heap/page_heap.h
// The pages of the heap: one reserved part of the address space, from which runs of pages are taken and to which they
// are given back. Neighbours that are free become one; what nobody wanted for a while goes back to the system.
//
//   who        central lists, large objects; sysmon (scavenge())
//   may        take its lock and make system calls; never parks
//   cost       a lock and a look at one list for small runs; a system call now and then. scavenge(): 2 to 30 ms a GiB
//   invariants every page below the frontier belongs to one span; no two free spans are neighbours; the first and the
//              last page of a span lead to it, of a span in use every page
//   tested     tests/unit/heap/page_heap_test.cc
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/atomic.h"
#include "base/intrusive_list.h"
#include "base/lock.h"
#include "heap/span.h"

namespace novelo::rt {

class PageHeap {
 public:
  PageHeap() = default;
  ~PageHeap();
  PageHeap(const PageHeap&) = delete;
  PageHeap& operator=(const PageHeap&) = delete;

  // Reserves address space: `bytes`, or as much as the system gives, by quarters. False when that is too little.
  bool reserve(std::size_t bytes) noexcept;
  // Undoes it. Before anything is taken.
  void unreserve() noexcept;
  // Beyond so many bytes memory comes in huge pages, which are looked through at twice the speed. Before anything is
  // taken.
  void prefer_huge_beyond(std::size_t bytes) noexcept { huge_from_ = bytes; }

  // A span of `pages`, its memory of any content unless is_zero; nullptr when memory or address space ran out.
  Span* take(std::size_t pages, SpanUse use, unsigned size_class = 0) noexcept;
  void give(Span& span) noexcept;

  // The span in use that `address` lies in; nullptr elsewhere. From any thread: a load from each of two tables.
  Span* find(const void* address) const noexcept {
    const auto offset = static_cast<std::size_t>(static_cast<const char*>(address) - base_);
    if (offset >= bytes_max_) return nullptr;
    // [span-table] acquire, with take(): what is known of the span is seen
    const std::uint32_t entry = numbers_[offset / kHeapPageBytes].load(acquire);
    return entry == 0 ? nullptr : &spans_[entry / 2];
  }
  // Whether a page holds what is allocated and freed by hand. From any thread; what it holds may change at once.
  bool is_by_hand(std::size_t page) const noexcept {
    const std::uint32_t entry = numbers_[page].load(acquire);  // [span-table]
    return entry != 0 && entry % 2 == 0;
  }

  bool contains(const void* address) const noexcept {
    return static_cast<std::size_t>(static_cast<const char*>(address) - base_) < bytes_max_;
  }

  // Gives memory of spans that were free at the last call too back to the system, at most `bytes`. Returns how much.
  std::size_t scavenge(std::size_t bytes) noexcept;

  struct Bytes {
    std::uint64_t in_use = 0;    // of spans that were taken
    std::uint64_t free = 0;      // with memory behind them
    std::uint64_t released = 0;  // the system has their memory
  };
  Bytes bytes() const noexcept;
  std::size_t bytes_max() const noexcept { return bytes_max_; }
  char* base() const noexcept { return base_; }
  std::uint32_t number_of(const Span& span) const noexcept { return static_cast<std::uint32_t>(&span - spans_); }
  Span& span_of(std::uint32_t number) const noexcept { return spans_[number]; }
  // Pages that were ever taken lie below it.
  std::size_t frontier_pages() const noexcept { return frontier_pages_.load(relaxed); }

 private:
  static constexpr std::size_t kExactLists = 64;  // one for each number of pages below it, and one for all others
  static constexpr std::size_t kArenaBytes = std::size_t{64} << 20;

  Span* take_free(std::size_t pages) noexcept NOVELO_REQUIRES(lock_);
  Span* take_fresh(std::size_t pages) noexcept NOVELO_REQUIRES(lock_);
  bool extend(std::size_t bytes) noexcept NOVELO_REQUIRES(lock_);
  void populate(std::size_t up_to) noexcept NOVELO_REQUIRES(lock_);
  Span* new_span(char* start, std::size_t pages) noexcept NOVELO_REQUIRES(lock_);
  void drop_span(Span& span) noexcept NOVELO_REQUIRES(lock_);
  void put_free(Span& span) noexcept NOVELO_REQUIRES(lock_);
  void remove_free(Span& span) noexcept NOVELO_REQUIRES(lock_);
  Span* free_span_at(std::size_t page) noexcept NOVELO_REQUIRES(lock_);
  void point_at(const Span& span, std::size_t first, std::size_t count, bool is_there) noexcept NOVELO_REQUIRES(lock_);
  std::size_t page_of(const char* address) const noexcept {
    return static_cast<std::size_t>(address - base_) / kHeapPageBytes;
  }
  IntrusiveList<Span>& list_for(std::size_t pages) noexcept NOVELO_REQUIRES(lock_) {
    return free_[pages < kExactLists ? pages : 0];
  }

  Lock<LockRank::kPageHeap> lock_;
  char* reservation_ = nullptr;
  char* base_ = nullptr;
  std::size_t bytes_max_ = 0;
  std::size_t huge_from_ = ~std::size_t{0};
  // Twice a span's number for each page, and one more in collected ones; 0 where there is none.
  Atomic<std::uint32_t>* numbers_ = nullptr;
  std::uint32_t* free_numbers_ = nullptr;  // the same for the ends of free spans, under the lock
  Span* spans_ = nullptr;                  // by number, from 1
  std::uint32_t spans_made_ NOVELO_GUARDED_BY(lock_) = 0;
  IntrusiveList<Span> unused_spans_ NOVELO_GUARDED_BY(lock_);
  std::array<IntrusiveList<Span>, kExactLists> free_ NOVELO_GUARDED_BY(lock_);
  std::size_t frontier_ NOVELO_GUARDED_BY(lock_) = 0;   // bytes from base_ that were ever taken
  std::size_t usable_ NOVELO_GUARDED_BY(lock_) = 0;     // bytes that can be read and written
  std::size_t populated_ NOVELO_GUARDED_BY(lock_) = 0;  // bytes with memory from the beginning
  Atomic<std::size_t> frontier_pages_{0};
  Atomic<std::uint64_t> in_use_{0};
  Atomic<std::uint64_t> free_bytes_{0};
  Atomic<std::uint64_t> released_{0};
};

}  // namespace novelo::rt
