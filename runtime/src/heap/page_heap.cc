// Best fit by exact lists for small runs; the few large ones are looked through. Memory that was never used is asked
// for in pieces of 256 KiB at once (MADV_POPULATE_WRITE), which costs 0.7 of a page fault for each of their pages.
//
// Rejected: huge pages from the start, whose first touch holds up whoever makes it for a quarter of a millisecond.
#include "heap/page_heap.h"

#include <algorithm>
#include <utility>

#if defined(NOVELO_ASAN)
#include <sanitizer/lsan_interface.h>
#endif

#include "os/vm.h"

namespace novelo::rt {
namespace {

constexpr std::size_t kBytesMin = std::size_t{64} << 20;
constexpr std::size_t kPopulateBytes = std::size_t{256} << 10;
constexpr std::size_t kDiscardBytes = std::size_t{8} << 20;
constexpr std::size_t kLookedAt = 64;  // free runs of the last list, for the best fit

// In pieces, so that others come to change the address space in between.
bool discard(char* start, std::size_t bytes) noexcept {
  for (std::size_t done = 0; done < bytes; done += kDiscardBytes) {
    if (!vm_discard(start + done, std::min(bytes - done, kDiscardBytes))) return false;
  }
  return true;
}

template <class T>
T* reserve_table(std::size_t entries) noexcept {
  void* table = vm_reserve(entries * sizeof(T));
  if (table == nullptr) return nullptr;
  if (vm_make_usable(table, entries * sizeof(T))) {
    vm_leave_out_of_core(table, entries * sizeof(T));  // gigabytes, of which little is used
    return static_cast<T*>(table);
  }
  vm_release(table, entries * sizeof(T));
  return nullptr;
}

template <class T>
void release_table(T* table, std::size_t entries) noexcept {
  if (table != nullptr) vm_release(table, entries * sizeof(T));
}

}  // namespace

bool PageHeap::reserve(std::size_t bytes) noexcept {
  for (bytes = bytes / kHeapPageBytes * kHeapPageBytes; bytes >= kBytesMin; bytes /= 4) {
    const std::size_t pages = bytes / kHeapPageBytes;
    reservation_ = static_cast<char*>(vm_reserve(bytes + kHugePageBytes));
    numbers_ = reserve_table<Atomic<std::uint32_t>>(pages);
    free_numbers_ = reserve_table<std::uint32_t>(pages + 1);
    spans_ = reserve_table<Span>(pages + 1);
    if (reservation_ != nullptr && numbers_ != nullptr && free_numbers_ != nullptr && spans_ != nullptr) {
      const auto address = reinterpret_cast<std::uintptr_t>(reservation_);
      base_ = reservation_ + (kHugePageBytes - address % kHugePageBytes) % kHugePageBytes;
      bytes_max_ = bytes;
      return true;
    }
    if (reservation_ != nullptr) vm_release(reservation_, bytes + kHugePageBytes);
    release_table(numbers_, pages);
    release_table(free_numbers_, pages + 1);
    release_table(spans_, pages + 1);
  }
  return false;
}

PageHeap::~PageHeap() {
  unreserve();
}

void PageHeap::unreserve() noexcept {
  if (bytes_max_ == 0) return;
  const std::size_t pages = std::exchange(bytes_max_, 0) / kHeapPageBytes;
  vm_release(reservation_, pages * kHeapPageBytes + kHugePageBytes);
  release_table(numbers_, pages);
  release_table(free_numbers_, pages + 1);
  release_table(spans_, pages + 1);
}

Span* PageHeap::take(std::size_t pages, SpanUse use, unsigned size_class) noexcept {
  if (pages == 0 || pages > bytes_max_ / kHeapPageBytes) return nullptr;
  const LockGuard guard(lock_);
  Span* span = take_free(pages);
  if (span == nullptr) span = take_fresh(pages);
  if (span == nullptr) return nullptr;
  if (use == SpanUse::kCells || (use == SpanUse::kCollected && pages <= 8)) {
    populate(static_cast<std::size_t>(span->start - base_) + span->bytes());
  } else {
    populated_ = std::max(populated_, std::min(frontier_, usable_));
  }
  span->use = use;
  span->size_class = static_cast<std::uint8_t>(size_class);
  point_at(*span, page_of(span->start), pages, true);
  in_use_.fetch_add(span->bytes(), relaxed);
  return span;
}

void PageHeap::give(Span& span) noexcept {
  const LockGuard guard(lock_);
  in_use_.fetch_sub(span.bytes(), relaxed);
  point_at(span, page_of(span.start), span.pages, false);
  span.is_released = false;
  put_free(span);
}

Span* PageHeap::take_free(std::size_t pages) noexcept {
  Span* best = nullptr;
  for (std::size_t n = pages; n < kExactLists && best == nullptr; ++n) best = free_[n].front();
  if (best == nullptr) {
    std::size_t looked_at = 0;
    for (Span* one = free_[0].front(); one != nullptr && looked_at < kLookedAt;
         one = free_[0].next(*one), ++looked_at) {
      if (one->pages >= pages && (best == nullptr || one->pages < best->pages)) best = one;
    }
  }
  if (best == nullptr) return nullptr;
  remove_free(*best);
  best->is_zero = best->is_released;
  if (best->pages > pages) {
    Span* rest = new_span(best->start + pages * kHeapPageBytes, best->pages - pages);
    rest->is_released = best->is_released;
    best->pages = static_cast<std::uint32_t>(pages);
    put_free(*rest);
  }
  return best;
}

Span* PageHeap::take_fresh(std::size_t pages) noexcept {
  const std::size_t bytes = pages * kHeapPageBytes;
  if (frontier_ + bytes > usable_ && !extend(frontier_ + bytes)) return nullptr;
  Span* span = new_span(base_ + frontier_, pages);
  span->is_zero = true;
  frontier_ += bytes;
  frontier_pages_.store(frontier_ / kHeapPageBytes, relaxed);
  return span;
}

bool PageHeap::extend(std::size_t bytes) noexcept {
  if (bytes > bytes_max_) return false;
  const std::size_t end = std::min((bytes + kArenaBytes - 1) / kArenaBytes * kArenaBytes, bytes_max_);
  if (!vm_make_usable(base_ + usable_, end - usable_)) return false;
#if defined(NOVELO_ASAN)
  __lsan_register_root_region(base_ + usable_, end - usable_);  // what objects here hold of malloc is no leak
#endif
  if (usable_ >= huge_from_) vm_prefer_huge(base_ + usable_, end - usable_);
  usable_ = end;
  return true;
}

void PageHeap::populate(std::size_t up_to) noexcept {
  if (up_to <= populated_) return;
  const std::size_t end = std::min((up_to + kPopulateBytes - 1) / kPopulateBytes * kPopulateBytes, usable_);
  vm_populate(base_ + populated_, end - populated_);
  populated_ = end;
}

Span* PageHeap::new_span(char* start, std::size_t pages) noexcept {
  Span* span = unused_spans_.pop_front();
  if (span == nullptr) span = ::new (static_cast<void*>(&spans_[++spans_made_])) Span;
  span->start = start;
  span->pages = static_cast<std::uint32_t>(pages);
  span->is_released = false;
  span->was_free_at_scavenge = false;
  return span;
}

void PageHeap::drop_span(Span& span) noexcept {
  span.use = SpanUse::kNone;
  unused_spans_.push_front(span);
}

// Joins what is free on both sides of it.
void PageHeap::put_free(Span& span) noexcept {
  const std::size_t first = page_of(span.start);
  if (Span* below = first == 0 ? nullptr : free_span_at(first - 1)) {
    remove_free(*below);
    span.start = below->start;
    span.pages += below->pages;
    span.is_released = span.is_released && below->is_released;
    drop_span(*below);
  }
  if (Span* above = free_span_at(page_of(span.start) + span.pages)) {
    remove_free(*above);
    span.pages += above->pages;
    span.is_released = span.is_released && above->is_released;
    drop_span(*above);
  }
  span.use = SpanUse::kFree;
  span.was_free_at_scavenge = false;
  const std::size_t begin = page_of(span.start);
  free_numbers_[begin] = free_numbers_[begin + span.pages - 1] = number_of(span);
  // What was used last is used next.
  list_for(span.pages).push_front(span);
  (span.is_released ? released_ : free_bytes_).fetch_add(span.bytes(), relaxed);
}

void PageHeap::remove_free(Span& span) noexcept {
  const std::size_t begin = page_of(span.start);
  free_numbers_[begin] = free_numbers_[begin + span.pages - 1] = 0;
  span.unlink();
  (span.is_released ? released_ : free_bytes_).fetch_sub(span.bytes(), relaxed);
}

Span* PageHeap::free_span_at(std::size_t page) noexcept {
  const std::uint32_t number = free_numbers_[page];  // there is one entry more than pages
  return number == 0 ? nullptr : &spans_[number];
}

void PageHeap::point_at(const Span& span, std::size_t first, std::size_t count, bool is_there) noexcept {
  const std::uint32_t entry = is_there ? number_of(span) * 2 + (span.use == SpanUse::kCollected ? 1 : 0) : 0;
  for (std::size_t page = first; page < first + count; ++page) {
    numbers_[page].store(entry, release);  // [span-table] with find()
  }
}

std::size_t PageHeap::scavenge(std::size_t bytes) noexcept {
  std::size_t given_back = 0;
  for (std::size_t list = 0; list < kExactLists; ++list) {
    for (;;) {
      Span* found = nullptr;
      {
        const LockGuard guard(lock_);
        for (Span* one = free_[list].front(); one != nullptr; one = free_[list].next(*one)) {
          if (one->is_released) continue;
          if (one->was_free_at_scavenge && given_back < bytes) {
            found = one;
            break;
          }
          one->was_free_at_scavenge = true;
        }
        if (found == nullptr) break;
        remove_free(*found);  // nobody sees it meanwhile
      }
      const bool is_given_back = discard(found->start, found->bytes());
      const LockGuard guard(lock_);
      found->is_released = is_given_back;  // else it is not zero
      const std::size_t bytes_of_it = found->bytes();
      put_free(*found);
      if (!is_given_back) return given_back;
      given_back += bytes_of_it;
    }
  }
  return given_back;
}

PageHeap::Bytes PageHeap::bytes() const noexcept {
  return {in_use_.load(relaxed), free_bytes_.load(relaxed), released_.load(relaxed)};
}

}  // namespace novelo::rt
