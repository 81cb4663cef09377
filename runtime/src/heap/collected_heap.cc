// Spans of one kind stand in six lists: by their generation, and by whether they have free cells. When a
// collection ends the generation goes up by one, and with that all lists change their meaning at once, whatever the
// size of the heap.
#include "heap/collected_heap.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <utility>

#include "base/check.h"
#include "novelo/error.h"
#include "os/vm.h"

namespace novelo::rt {
namespace {

constexpr std::size_t kReservedBytes = std::size_t{256} << 30;
constexpr std::size_t kReservedPart = 8;                     // of a limited address space
constexpr std::size_t kSmallBytes = std::size_t{128} << 20;  // of a heap that is better off without huge pages

template <class T>
T* make_table(std::size_t entries) noexcept {
  void* table = vm_reserve(entries * sizeof(T));
  if (table == nullptr) return nullptr;
  if (vm_make_usable(table, entries * sizeof(T))) {
    vm_leave_out_of_core(table, entries * sizeof(T));
    return static_cast<T*>(table);
  }
  vm_release(table, entries * sizeof(T));
  return nullptr;
}

// From the first huge page on that holds nothing of the entries before `first`.
template <class T>
void prefer_huge(T* table, std::size_t first, std::size_t entries) noexcept {
  const auto begin = (reinterpret_cast<std::uintptr_t>(table + first) + kHugePageBytes - 1) & ~(kHugePageBytes - 1);
  const auto end = reinterpret_cast<std::uintptr_t>(table + entries);
  if (begin < end) vm_prefer_huge(reinterpret_cast<void*>(begin), end - begin);
}

template <class T>
void drop_table(T*& table, std::size_t entries) noexcept {
  if (T* dropped = std::exchange(table, nullptr)) vm_release(dropped, entries * sizeof(T));
}

constinit Atomic<bool> g_exists{false};

}  // namespace

CollectedHeap::CollectedHeap(std::size_t bytes) noexcept : kinds_(new Kind[kKindsMax]) {
  for (unsigned size_class = 0; size_class < kSizeClasses; ++size_class) {
    const std::size_t cell = cell_bytes_of(size_class);
    for (std::size_t i = 0; i < span_cells_of(size_class); ++i) {
      const std::size_t granule = i * cell / kGranuleBytes;
      starts_[size_class][granule / 64] |= std::uint64_t{1} << (granule % 64);
    }
  }
  while (pages_.reserve(bytes)) {
    if (make_tables()) return;
    bytes = pages_.bytes_max() / 4;
    drop_tables();
    pages_.unreserve();
  }
}

CollectedHeap::~CollectedHeap() {
  drop_tables();
}

bool CollectedHeap::make_tables() noexcept {
  const std::size_t pages = pages_.bytes_max() / kHeapPageBytes;
  pages_info_ = make_table<PageInfo>(pages);
  spans_ = make_table<CollectedSpan>(pages + 1);
  marks_ = make_table<Atomic<std::uint64_t>>(pages * kBitWordsPerPage);
  allocated_ = make_table<Atomic<std::uint64_t>>(pages * kBitWordsPerPage);
  destructors_ = make_table<Atomic<std::uint64_t>>(pages * kBitWordsPerPage);
  if (pages_info_ == nullptr || spans_ == nullptr || marks_ == nullptr || allocated_ == nullptr ||
      destructors_ == nullptr) {
    return false;
  }
  pages_.prefer_huge_beyond(kSmallBytes);
  prefer_huge(pages_info_, kSmallBytes / kHeapPageBytes, pages);
  prefer_huge(marks_, kSmallBytes / kBitWordBytes, pages * kBitWordsPerPage);
  prefer_huge(allocated_, kSmallBytes / kBitWordBytes, pages * kBitWordsPerPage);
  base_ = reinterpret_cast<std::uintptr_t>(pages_.base());
  bytes_max_ = pages_.bytes_max();
  return true;
}

void CollectedHeap::drop_tables() noexcept {
  const std::size_t pages = pages_.bytes_max() / kHeapPageBytes;
  drop_table(pages_info_, pages);
  drop_table(spans_, pages + 1);
  drop_table(marks_, pages * kBitWordsPerPage);
  drop_table(allocated_, pages * kBitWordsPerPage);
  drop_table(destructors_, pages * kBitWordsPerPage);
}

CollectedHeap& CollectedHeap::get() noexcept {
  static CollectedHeap& heap = []() -> CollectedHeap& {
    auto& made = *new CollectedHeap(vm_share(wanted_bytes(), kReservedPart));  // outlives every thread
    g_exists.store(true, release);                                             // [gc-exists] with exists()
    return made;
  }();
  return heap;
}

std::size_t CollectedHeap::wanted_bytes() noexcept {
  const char* told = std::getenv("NOVELO_GC_HEAP_MAX");
  const std::size_t bytes = told == nullptr ? 0 : std::strtoull(told, nullptr, 10);
  return bytes == 0 ? kReservedBytes : bytes;
}

bool CollectedHeap::exists() noexcept {
  return g_exists.load(acquire);  // [gc-exists]
}

// ---- kinds ----

const Layout& CollectedHeap::layout_of(const ObjectShape& shape) {
  const LockGuard guard(kinds_lock_);
  for (const auto& layout : layouts_) {
    const ObjectShape& one = layout->shape;
    const bool is_same_size = one.element_bytes == shape.element_bytes || !shape.is_array;
    if (one.pointers == shape.pointers && one.offsets == shape.offsets && one.is_array == shape.is_array &&
        one.header_bytes == shape.header_bytes && one.destroy == shape.destroy && is_same_size)
      return *layout;
  }
  layouts_.push_back(std::make_unique<Layout>());
  layouts_.back()->shape = shape;
  return *layouts_.back();
}

std::uint16_t CollectedHeap::new_kind(const Layout& layout, unsigned size_class) {
  const std::size_t number = kinds_made_.load(relaxed);
  NOVELO_CHECK(number < kKindsMax);
  Kind& kind = kinds_[number];
  kind.layout = &layout;
  if (size_class < kSizeClasses) {
    kind.size_class = static_cast<std::uint8_t>(size_class);
    kind.cell_bytes = static_cast<std::uint32_t>(cell_bytes_of(size_class));
    kind.cells = static_cast<std::uint16_t>(span_cells_of(size_class));
    kind.reciprocal = static_cast<std::uint32_t>(((std::uint64_t{1} << 32) + kind.cell_bytes - 1) / kind.cell_bytes);
  }
  kinds_made_.store(number + 1, release);                                       // [gc-kind]
  layout.kinds[size_class].store(static_cast<std::uint16_t>(number), release);  // [gc-kind] with kind_for()
  return static_cast<std::uint16_t>(number);
}

std::uint16_t CollectedHeap::kind_for(const Layout& layout, std::size_t bytes) {
  const unsigned size_class = bytes > kCellBytesMax ? kSizeClasses : size_class_of(bytes);
  if (const std::uint16_t kind = layout.kinds[size_class].load(acquire); kind != 0) return kind;  // [gc-kind]
  const LockGuard guard(kinds_lock_);
  if (const std::uint16_t kind = layout.kinds[size_class].load(relaxed); kind != 0) return kind;
  if (own_kinds_ == kOwnKindsMax) return shared_kind(layout, size_class);
  ++own_kinds_;
  return new_kind(layout, size_class);
}

std::uint16_t CollectedHeap::shared_kind(const Layout& layout, unsigned size_class) {
  if (layout.shape.destroy != nullptr) {
    throw RuntimeError("gc: more than " + std::to_string(kOwnKindsMax) +
                       " sizes and shapes of collected objects: one with a destructor finds no place");
  }
  std::uint16_t kind = shared_.kinds[size_class].load(relaxed);
  if (kind == 0) kind = new_kind(shared_, size_class);
  layout.kinds[size_class].store(kind, release);  // [gc-kind] with kind_for()
  return kind;
}

// ---- spans ----

void CollectedHeap::publish(const CollectedSpan& span, std::size_t cell_bytes) noexcept {
  const Kind& kind = kinds_[span.kind];
  const std::size_t first = static_cast<std::size_t>(span.start - pages_.base()) / kHeapPageBytes;
  for (std::size_t page = first; page < first + span.pages; ++page) {
    PageInfo& info = pages_info_[page];
    info.start = span.start;
    info.cell_bytes = cell_bytes;
    info.reciprocal = kind.reciprocal;
    info.cells = kind.cells;
    info.kind.store(span.kind, release);  // [gc-page] with find()
  }
}

CollectedSpan* CollectedHeap::new_span(std::uint16_t kind, std::size_t pages, std::size_t cell_bytes,
                                       std::uint64_t generation) noexcept {
  const Span* memory = pages_.take(pages, SpanUse::kCollected);
  if (memory == nullptr) return nullptr;
  const std::uint32_t number = pages_.number_of(*memory);
  CollectedSpan* span = ::new (static_cast<void*>(&spans_[number])) CollectedSpan;
  span->start = memory->start;
  span->pages = memory->pages;
  span->number = number;
  span->kind = kind;
  span->is_zero = memory->is_zero;
  span->generation = generation;
  publish(*span, cell_bytes);
  return span;
}

void CollectedHeap::free_span(CollectedSpan& span) noexcept {
  const std::size_t first = static_cast<std::size_t>(span.start - pages_.base()) / kHeapPageBytes;
  for (std::size_t page = first; page < first + span.pages; ++page) pages_info_[page].kind.store(0, relaxed);
  pages_.give(pages_.span_of(span.number));
}

void CollectedHeap::put_span(CollectedSpan& span, Fill fill) noexcept {
  Kind& kind = kinds_[span.kind];
  const LockGuard guard(kind.lock);
  kind.lists(span.generation)[fill].push_front(span);
}

CollectedSpan* CollectedHeap::take_span(CellRuns& runs, std::uint16_t number) noexcept {
  Kind& kind = kinds_[number];
  const std::size_t pages = span_pages_of(kind.size_class);
  const std::uint64_t now = generation_.load(acquire);  // [gc-generation] with begin_sweep()
  // Who has left the cycle that is about to end takes nothing that this cycle is still to sweep.
  if (runs.generation == now) {
    {
      const LockGuard guard(kind.lock);
      if (CollectedSpan* span = kind.lists(now)[kPartial].pop_front()) return span;
    }
    if (CollectedSpan* span = sweep_one(number, true)) return span;
  }
  return new_span(number, pages, kind.cell_bytes, runs.generation);
}

void* CollectedHeap::refill(CellRuns& runs, std::uint16_t number) noexcept {
  Kind& kind = kinds_[number];
  const std::size_t cell_bytes = kind.cell_bytes;
  CellRuns::Source& source = runs.sources[number];
  const std::size_t words = span_pages_of(kind.size_class) * kBitWordsPerPage;
  for (;;) {
    if (source.span == nullptr) {
      source.span = take_span(runs, number);
      source.next_word = 0;
      if (source.span == nullptr) return nullptr;
      runs.used.push_back(number);
    }
    CollectedSpan& span = *source.span;
    const std::size_t first_word = word_of(span.start);
    while (source.next_word < words) {
      const std::size_t i = source.next_word++;
      const std::uint64_t taken = allocated_[first_word + i].load(relaxed);
      const std::uint64_t free = starts_[kind.size_class][i] & ~taken;
      if (free == 0) continue;
      char* base = span.start + i * kBitWordBytes;
      if (!span.is_zero) {
        for (std::uint64_t left = free; left != 0; left &= left - 1) {
          std::memset(base + static_cast<std::size_t>(std::countr_zero(left)) * kGranuleBytes, 0, cell_bytes);
        }
      }
      if (runs.is_black) marks_[first_word + i].fetch_or(free, relaxed);
      allocated_[first_word + i].store(taken | free, release);  // [gc-cell] with is_allocated()
      store_fence();  // no reference to a cell is seen before its zeroes and its mark
      runs.count_cells(std::popcount(free), cell_bytes);
      runs.runs[number] = {base, free & (free - 1)};
      return base + static_cast<std::size_t>(std::countr_zero(free)) * kGranuleBytes;
    }
    span.is_zero = false;
    std::erase(runs.used, number);
    source.span = nullptr;
    put_span(span, kFull);
  }
}

void* CollectedHeap::allocate_large(const Layout& layout, std::size_t bytes, CellRuns& runs) {
  const std::uint16_t kind = kind_for(layout, bytes);
  const std::size_t pages = (bytes + kHeapPageBytes - 1) / kHeapPageBytes;
  if (pages > bytes_max_ / kHeapPageBytes) return nullptr;
  const std::uint64_t generation = runs.generation;
  CollectedSpan* span = new_span(kind, pages, pages * kHeapPageBytes, generation);
  if (span == nullptr) return nullptr;
  char* start = span->start;
  if (!span->is_zero) std::memset(start, 0, pages * kHeapPageBytes);
  span->is_zero = false;
  if (runs.is_black) mark(start);
  allocated_[word_of(start)].store(bit_of(start), release);  // [gc-cell]
  store_fence();
  runs.count_cells(1, pages * kHeapPageBytes);
  put_span(*span, kFull);
  return start;
}

void CollectedHeap::flush(CellRuns& runs) noexcept {
  for (const std::uint16_t number : runs.used) {
    CellRuns::Run& run = runs.runs[number];
    CellRuns::Source& source = runs.sources[number];
    if (run.bits != 0) {
      const std::size_t word = word_of(run.base);
      allocated_[word].store(allocated_[word].load(relaxed) & ~run.bits, relaxed);
      marks_[word].fetch_and(~run.bits, relaxed);
      runs.count_cells(-std::popcount(run.bits), kinds_[number].cell_bytes);
    }
    run = {};
    CollectedSpan& span = *source.span;
    source = {};
    span.is_zero = false;
    put_span(span, kPartial);
  }
  runs.used.clear();
}

void CollectedHeap::turn_black(CellRuns& runs) noexcept {
  runs.is_black = true;
  for (const std::uint16_t number : runs.used) {
    const CellRuns::Run& run = runs.runs[number];
    if (run.bits != 0) marks_[word_of(run.base)].fetch_or(run.bits, relaxed);
  }
}

// ---- sweeping ----

void CollectedHeap::overwrite(const CollectedSpan& span, std::size_t word, std::uint64_t dead) noexcept {
  const std::uint32_t cell_bytes = kinds_[span.kind].cell_bytes;
  const std::size_t bytes = cell_bytes == 0 ? span.pages * kHeapPageBytes : cell_bytes;
  for (; dead != 0; dead &= dead - 1) {
    char* base = pages_.base() + word * kBitWordBytes;
    std::memset(base + static_cast<std::size_t>(std::countr_zero(dead)) * kGranuleBytes, kFreed, bytes);
  }
}

std::size_t CollectedHeap::sweep(CollectedSpan& span) noexcept {
  const std::size_t first = word_of(span.start);
  // A large object has its one bit in the first word.
  const std::size_t words = kinds_[span.kind].cell_bytes == 0 ? 1 : span.pages * kBitWordsPerPage;
  const bool may_have_destructors = has_destructors_.load(relaxed);
  std::size_t live = 0;
  std::size_t before = 0;
  for (std::size_t i = first; i < first + words; ++i) {
    const std::uint64_t marked = marks_[i].load(relaxed);
    const std::uint64_t allocated = allocated_[i].load(relaxed);
    if (marked != 0) marks_[i].store(0, relaxed);
    if (marked != allocated) allocated_[i].store(marked, relaxed);
    if (is_overwriting_.load(relaxed)) overwrite(span, i, allocated & ~marked);
    if (may_have_destructors && destructors_[i].load(relaxed) != 0) destructors_[i].fetch_and(marked, relaxed);
    live += static_cast<std::size_t>(std::popcount(marked));
    before += static_cast<std::size_t>(std::popcount(allocated));
  }
  NOVELO_DCHECK(live <= before);  // nothing is marked that is not allocated
  freed_cells_.fetch_add(before - live, relaxed);
  return live;
}

// Sweeps one span of the kind. With `wants_cells` some more until one has free cells, which is returned and in no list.
CollectedSpan* CollectedHeap::sweep_one(std::uint16_t number, bool wants_cells) noexcept {
  constexpr int kTried = 16;
  Kind& kind = kinds_[number];
  for (int tries = 0; tries < kTried; ++tries) {
    const std::uint64_t now = generation_.load(relaxed);
    CollectedSpan* span = nullptr;
    {
      const LockGuard guard(kind.lock);
      auto& last = kind.lists(now - 1);
      span = last[kPartial].pop_front();
      if (span == nullptr) span = last[kFull].pop_front();
      if (span == nullptr) return nullptr;
      ++kind.sweeping;
    }
    const std::size_t live = sweep(*span);
    span->generation = now;
    CollectedSpan* result = span;
    const bool is_wanted = live < kind.cells;
    if (live == kind.cells) {
      put_span(*span, kFull);
    } else if (!wants_cells && live == 0) {
      free_span(*span);
    } else if (!wants_cells) {
      put_span(*span, kPartial);
    }
    {
      const LockGuard guard(kind.lock);
      --kind.sweeping;
    }
    if (!wants_cells || is_wanted) return result;
  }
  return nullptr;
}

std::size_t CollectedHeap::scavenge() noexcept {
  constexpr std::uint64_t kBytes = std::uint64_t{256} << 20;  // a call
  const PageHeap::Bytes bytes = pages_.bytes();
  const std::uint64_t expected = expected_bytes_.load(relaxed) / 10 * 11;
  const std::uint64_t there = bytes.in_use + bytes.free;
  return there <= expected ? 0 : pages_.scavenge(std::min(kBytes, there - expected));
}

bool CollectedHeap::sweep_some(std::size_t pages) noexcept {
  const std::size_t kinds = kinds_made_.load(acquire);  // [gc-kind]
  std::size_t swept = 0;
  for (std::size_t number = 1; number < kinds; ++number) {
    while (swept < pages && sweep_one(static_cast<std::uint16_t>(number), false) != nullptr) {
      const Kind& kind = kinds_[number];
      swept += kind.cell_bytes == 0 ? 1 : span_pages_of(kind.size_class);
    }
    if (swept >= pages) return true;
  }
  return false;
}

bool CollectedHeap::is_swept() noexcept {
  const std::size_t kinds = kinds_made_.load(acquire);  // [gc-kind]
  for (std::size_t number = 1; number < kinds; ++number) {
    Kind& kind = kinds_[number];
    const LockGuard guard(kind.lock);
    const auto& last = kind.lists(generation_.load(relaxed) - 1);
    if (kind.sweeping != 0 || !last[kPartial].empty() || !last[kFull].empty()) return false;
  }
  return true;
}

std::vector<CollectedHeap::Object> CollectedHeap::unmarked_with_destructor() const {
  std::vector<Object> found;
  if (!has_destructors_.load(relaxed)) return found;
  const std::size_t pages = pages_.frontier_pages();
  for (std::size_t word = 0; word < pages * kBitWordsPerPage; ++word) {
    const PageInfo& page = pages_info_[word / kBitWordsPerPage];
    const std::uint16_t kind = page.kind.load(acquire);  // [gc-page]
    if (kind == 0 || kinds_[kind].layout->shape.destroy == nullptr) {
      word |= kBitWordsPerPage - 1;
      continue;
    }
    for (std::uint64_t bits = destructors_[word].load(relaxed) & ~marks_[word].load(relaxed); bits != 0;
         bits &= bits - 1) {
      char* start =
          pages_.base() + word * kBitWordBytes + static_cast<std::size_t>(std::countr_zero(bits)) * kGranuleBytes;
      found.push_back({start, page.cell_bytes, kinds_[kind].layout});
    }
  }
  return found;
}

}  // namespace novelo::rt
