// runtime/src/heap/collected_heap.h
// The collected heap: spans of cells, all cells of one span of one size and one layout, found from any address inside
// them; a mark bit and an allocated bit a cell. Sweeping turns marks into allocated bits, span by span.
//
//   who        gc/: allocation (refill()), marking (find(), mark()), sweeping (sweep_some())
//   cost       a cell from a run: three instructions; a run: a few lines of memory zeroed; find() two cache lines
//   may        take its locks, of a kind of cells and of the pages; never parks
//   invariants every cell whose allocated bit is set is all zero or a well-formed object, at every instant: cells are
//              zeroed before the bit is set. A span is in one run, in one list, or being swept. Each span is of a
//              generation, the number of collections before it was swept last: those of the last generation have not
//              been swept, and nothing is allocated from them until they are. Marking happens only while there are
//              none such; spans are given back by sweeping alone, so an address found while marking stays good
//   tested     tests/unit/heap/collected_heap_test.cc
//
// Bits stand for 16 bytes each, not for a cell: a mark bit is found from an address without a division, and the cells
// of a page have theirs in one cache line.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/atomic.h"
#include "base/intrusive_list.h"
#include "base/lock.h"
#include "heap/layout.h"
#include "heap/page_heap.h"
#include "heap/size_class.h"

namespace novelo::rt {

inline constexpr std::size_t kKindsMax = 2048;
// Of them, those that layouts have for themselves; a size class has one more, for all that come later.
inline constexpr std::size_t kOwnKindsMax = kKindsMax - kSizeClasses - 2;
inline constexpr std::size_t kGranuleBytes = kCellBytesMin;
inline constexpr std::size_t kBitWordBytes = 64 * kGranuleBytes;  // of memory a word of bits stands for
inline constexpr std::size_t kBitWordsPerPage = kHeapPageBytes / kBitWordBytes;

struct CollectedSpan : ListLink {
  char* start = nullptr;
  std::uint32_t pages = 0;
  std::uint32_t number = 0;  // of its pages' record
  std::uint16_t kind = 0;
  bool is_zero = false;  // all of it, as fresh memory is
  std::uint64_t generation = 0;
};

// The free cells a processor's thread has taken, of every kind. Its thread's alone.
struct CellRuns {
  struct Run {
    char* base = nullptr;
    std::uint64_t bits = 0;  // a free, zeroed cell begins at base + 16 * bit
  };
  struct Source {
    CollectedSpan* span = nullptr;
    std::uint32_t next_word = 0;
  };
  std::array<Run, kKindsMax> runs;
  std::array<Source, kKindsMax> sources;
  std::vector<std::uint16_t> used;  // kinds with a span
  bool is_black = false;            // its cells are born marked
  std::uint64_t generation = 0;     // the heap's, or one more: it has left the cycle that is about to end
  // Taken since they were last counted, less what was given back: below zero when that had been counted before.
  std::int64_t allocated_bytes = 0;
  std::int64_t allocated_cells = 0;

  void count_cells(std::int64_t cells, std::size_t cell_bytes) noexcept {
    allocated_cells += cells;
    allocated_bytes += cells * static_cast<std::int64_t>(cell_bytes);
  }
};

class CollectedHeap {
 public:
  // Reserves address space for `bytes`, or for as many as the system gives; with none it has no objects.
  explicit CollectedHeap(std::size_t bytes) noexcept;
  ~CollectedHeap();
  CollectedHeap(const CollectedHeap&) = delete;
  CollectedHeap& operator=(const CollectedHeap&) = delete;

  // The process's. Made at the first use.
  static CollectedHeap& get() noexcept;
  static bool exists() noexcept;
  // The address space that was asked for: $NOVELO_GC_HEAP_MAX, or 256 GiB.
  static std::size_t wanted_bytes() noexcept;

  // ---- kinds of cells ----
  const Layout& layout_of(const ObjectShape& shape);
  // Once there are kOwnKindsMax, a kind that is shared and looked into word by word; RuntimeError for a layout with a
  // destructor then, since a kind has one.
  std::uint16_t kind_for(const Layout& layout, std::size_t bytes);

  // ---- allocation ----
  // A cell, and more of its kind into the run; nullptr when memory ran out.
  void* refill(CellRuns& runs, std::uint16_t kind) noexcept;
  void* allocate_large(const Layout& layout, std::size_t bytes, CellRuns& runs);
  // Gives the cells and spans back that were not used.
  void flush(CellRuns& runs) noexcept;
  // Marks what is in the runs, and from now on all that is taken.
  void turn_black(CellRuns& runs) noexcept;

  // ---- from an address to an object ----
  struct Object {
    char* start = nullptr;
    std::size_t bytes = 0;  // of its cell
    const Layout* layout = nullptr;
    explicit operator bool() const noexcept { return start != nullptr; }
  };
  bool contains(std::uintptr_t word) const noexcept { return word - base_ < bytes_max_; }
  // The object a word refers to, its inside included. `kMaybe`: the word may be anything.
  enum class Certainty : bool { kSure, kMaybe };
  Object find(std::uintptr_t word, Certainty certainty) const noexcept {
    if (!contains(word)) return {};
    const PageInfo& page = pages_info_[(word - base_) / kHeapPageBytes];
    // [gc-page] acquire, with publish(): what is known of the page is seen
    const std::uint16_t kind = page.kind.load(acquire);
    if (kind == 0) return {};
    const std::uintptr_t index =
        ((word - reinterpret_cast<std::uintptr_t>(page.start)) * std::uint64_t{page.reciprocal}) >> 32;
    if (index >= page.cells) return {};
    char* start = page.start + index * page.cell_bytes;
    if (certainty == Certainty::kMaybe && !is_allocated(start)) return {};
    return {start, page.cell_bytes, kinds_[kind].layout};
  }
  void prefetch(std::uintptr_t word) const noexcept {
    const std::size_t offset = word - base_;
    __builtin_prefetch(&pages_info_[offset / kHeapPageBytes]);
    __builtin_prefetch(&marks_[offset / kBitWordBytes], 1);
  }

  // True the first time since the last sweep.
  bool mark(const char* start) noexcept {
    Atomic<std::uint64_t>& word = marks_[word_of(start)];
    const std::uint64_t bit = bit_of(start);
    // Marks are read and set in any order: whoever sets one first looks into the object, and objects are published by
    // the handshakes.
    return (word.load(relaxed) & bit) == 0 && (word.fetch_or(bit, relaxed) & bit) == 0;
  }
  void unmark(const char* start) noexcept { marks_[word_of(start)].fetch_and(~bit_of(start), relaxed); }
  bool is_marked(const char* start) const noexcept {
    return (marks_[word_of(start)].load(relaxed) & bit_of(start)) != 0;
  }
  bool is_allocated(const char* start) const noexcept {
    // [gc-cell] acquire, with refill(): the cell reads as zero, or as what came after
    return (allocated_[word_of(start)].load(acquire) & bit_of(start)) != 0;
  }

  // ---- destructors ----
  void set_destructor(const char* start) noexcept {
    has_destructors_.store(true, relaxed);
    destructors_[word_of(start)].fetch_or(bit_of(start), relaxed);
  }
  void clear_destructor(const char* start) noexcept { destructors_[word_of(start)].fetch_and(~bit_of(start), relaxed); }
  // Those whose destructor was not run and that are not marked. Once marking is complete.
  std::vector<Object> unmarked_with_destructor() const;

  // ---- sweeping ----
  // All marks are set: every span is of the last generation from here on.
  void begin_sweep() noexcept { generation_.fetch_add(1, release); }  // [gc-generation] with take_span()
  // Sweeps about `pages`; false when nothing is left to sweep.
  bool sweep_some(std::size_t pages) noexcept;
  bool is_swept() noexcept;
  std::uint64_t generation() const noexcept { return generation_.load(acquire); }  // [gc-generation]

  // ---- the whole ----
  // As Heap::scavenge(), but leaves what the heap may grow to before it is collected.
  std::size_t scavenge() noexcept;
  void expect_bytes(std::uint64_t bytes) noexcept { expected_bytes_.store(bytes, relaxed); }
  // Overwrites cells when they are swept, so that a use of one that was freed is noticed. For tests.
  void set_overwriting(bool on) noexcept { is_overwriting_.store(on, relaxed); }
  static constexpr unsigned char kFreed = 0xDB;
  PageHeap& pages() noexcept { return pages_; }
  std::size_t bytes_max() const noexcept { return bytes_max_; }  // of address space; 0: it has none
  // Calls visit(start, bytes) for all memory that is allocated and freed by hand.
  template <class Visit>
  void for_each_traced(Visit visit) const {
    const std::size_t pages = pages_.frontier_pages();
    for (std::size_t page = 0; page < pages; ++page) {
      if (pages_.is_by_hand(page)) visit(pages_.base() + page * kHeapPageBytes, kHeapPageBytes);
    }
  }
  // Calls visit(object) for each that is allocated. While nothing is swept.
  template <class Visit>
  void for_each_object(Visit visit) const {
    const std::size_t pages = pages_.frontier_pages();
    for (std::size_t word = 0; word < pages * kBitWordsPerPage; ++word) {
      const PageInfo& page = pages_info_[word / kBitWordsPerPage];
      const std::uint16_t kind = page.kind.load(acquire);  // [gc-page]
      if (kind == 0) {
        word |= kBitWordsPerPage - 1;
        continue;
      }
      for (std::uint64_t bits = allocated_[word].load(acquire); bits != 0; bits &= bits - 1) {  // [gc-cell]
        char* start =
            pages_.base() + word * kBitWordBytes + static_cast<std::size_t>(std::countr_zero(bits)) * kGranuleBytes;
        visit(Object{start, page.cell_bytes, kinds_[kind].layout});
      }
    }
  }
  std::uint64_t freed_cells() const noexcept { return freed_cells_.load(relaxed); }

 private:
  enum Fill : std::uint8_t { kPartial, kFull };
  struct Kind {
    const Layout* layout = nullptr;
    std::uint32_t cell_bytes = 0;  // 0: large
    std::uint32_t reciprocal = 0;
    std::uint16_t cells = 1;
    std::uint8_t size_class = 0;
    Lock<LockRank::kCentralList> lock;
    // By the generation: the last one, this one, and the next, of who has left the cycle that is about to end.
    static constexpr std::uint64_t kGenerations = 3;
    std::array<std::array<IntrusiveList<CollectedSpan>, 2>, kGenerations> by_generation NOVELO_GUARDED_BY(lock);
    std::array<IntrusiveList<CollectedSpan>, 2>& lists(std::uint64_t generation) noexcept NOVELO_REQUIRES(lock) {
      return by_generation[generation % kGenerations];
    }
    std::uint32_t sweeping NOVELO_GUARDED_BY(lock) = 0;  // spans taken out of the last generation's lists
  };
  // Of each page of a span the same.
  struct PageInfo {
    char* start = nullptr;
    std::uint64_t cell_bytes = 0;
    std::uint32_t reciprocal = 0;
    std::uint16_t cells = 0;
    Atomic<std::uint16_t> kind{0};  // 0: no collected object is here
  };

  bool make_tables() noexcept;  // for all pages that are reserved
  void drop_tables() noexcept;

  std::size_t word_of(const char* address) const noexcept {
    return (reinterpret_cast<std::uintptr_t>(address) - base_) / kBitWordBytes;
  }
  std::uint64_t bit_of(const char* address) const noexcept {
    return std::uint64_t{1} << ((reinterpret_cast<std::uintptr_t>(address) - base_) / kGranuleBytes % 64);
  }
  std::uint16_t new_kind(const Layout& layout, unsigned size_class) NOVELO_REQUIRES(kinds_lock_);
  std::uint16_t shared_kind(const Layout& layout, unsigned size_class) NOVELO_REQUIRES(kinds_lock_);
  CollectedSpan* take_span(CellRuns& runs, std::uint16_t kind) noexcept;
  CollectedSpan* new_span(std::uint16_t kind, std::size_t pages, std::size_t cell_bytes,
                          std::uint64_t generation) noexcept;
  void publish(const CollectedSpan& span, std::size_t cell_bytes) noexcept;
  void put_span(CollectedSpan& span, Fill fill) noexcept;
  void free_span(CollectedSpan& span) noexcept;
  void overwrite(const CollectedSpan& span, std::size_t word, std::uint64_t dead) noexcept;
  std::size_t sweep(CollectedSpan& span) noexcept;  // the number of its cells that live on
  CollectedSpan* sweep_one(std::uint16_t kind, bool wants_cells) noexcept;

  PageHeap pages_;
  std::uintptr_t base_ = 0;
  std::size_t bytes_max_ = 0;
  PageInfo* pages_info_ = nullptr;
  CollectedSpan* spans_ = nullptr;  // by the number of the pages' record
  Atomic<std::uint64_t>* marks_ = nullptr;
  Atomic<std::uint64_t>* allocated_ = nullptr;
  Atomic<std::uint64_t>* destructors_ = nullptr;
  Atomic<bool> has_destructors_{false};
  Atomic<bool> is_overwriting_{false};
  Atomic<std::uint64_t> expected_bytes_{0};
  Atomic<std::uint64_t> generation_{1};
  Atomic<std::uint64_t> freed_cells_{0};
  std::array<std::array<std::uint64_t, 8 * kBitWordsPerPage>, kSizeClasses> starts_{};  // where cells of a span begin
  std::unique_ptr<Kind[]> kinds_;

  Lock<LockRank::kStackPool> kinds_lock_;
  std::vector<std::unique_ptr<Layout>> layouts_ NOVELO_GUARDED_BY(kinds_lock_);
  Atomic<std::size_t> kinds_made_{1};                         // 0 is none
  std::size_t own_kinds_ NOVELO_GUARDED_BY(kinds_lock_) = 0;  // without those that are shared
  const Layout shared_{.shape = {.pointers = ObjectShape::Pointers::kUnknown}, .kinds = {}};
};

}  // namespace novelo::rt
