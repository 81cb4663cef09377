// runtime/src/gc/leak_finder.h
// Goroutines that wait for ever for what nobody alive can reach: what they wait for, what was seen that refers to it,
// and who is alive because of that.
//
//   who        the search, step by step: gc/leak_search.cc; look(): whoever moves references meanwhile
//   may        take its lock, and allocate; never parks
//   cost       some nanoseconds a word looked at
//   invariants who is alive has been looked through, or is in the list of those to be. A word counts when it points
//              anywhere into: a channel, a collected object, memory of a closure, the frames of a goroutine that waits.
//              What is looked at twice, or is a reference no longer, makes somebody alive who is not, never the reverse
//   tested     tests/unit/gc/leak_finder_test.cc, tests/conformance/leak_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "base/atomic.h"
#include "base/lock.h"
#include "heap/collected_heap.h"
#include "heap/kept_object.h"
#include "novelo/meter.h"
#include "sched/goroutine.h"
#include "stack/stack_classes.h"

namespace novelo::rt {

// One wait of a goroutine: the record is reused, the number and the snapshot of its wait are not.
struct EndlessWait {
  Goroutine* g = nullptr;
  std::uint64_t id = 0;
  std::uint64_t wait = 0;               // WaitRecord::snapshot()
  std::vector<AccountHandle> accounts;  // charged for it

  bool goes_on() const noexcept { return g->id.load(relaxed) == id && g->wait.snapshot() == wait; }
  bool operator<(const EndlessWait& other) const noexcept { return g != other.g ? g < other.g : id < other.id; }
  friend bool operator==(const EndlessWait& a, const EndlessWait& b) noexcept {
    return a.g == b.g && a.id == b.id && a.wait == b.wait;
  }
};

class LeakFinder : public KeptObject {
 public:
  // Of stacks that are reserved.
  LeakFinder(CollectedHeap& heap, StackClasses& stacks) noexcept;
  ~LeakFinder();
  LeakFinder(const LeakFinder&) = delete;
  LeakFinder& operator=(const LeakFinder&) = delete;

  // The one that is under way; nullptr mostly.
  static Atomic<LeakFinder*> in_use;

  // ---- by anybody ----
  // The words of [from, to), aligned, are somebody's who is alive.
  void look(const void* from, const void* to) noexcept;
  // Objects that are made meanwhile, or may be: what is put into them is seen on its way, and they are never looked
  // into. So there is an end to it. Cells begin at base + 16 * bit, as in CellRuns.
  void are_new(const char* base, std::uint64_t cells) noexcept;
  void is_new(const void* object) noexcept;
  // `g` is alive, and what waits for its end with it. It does not run, or this is itself.
  void is_alive(const Goroutine& g) noexcept;

  // ---- by the search ----
  // True: the goroutine waits, with nobody but others to end that; it is noted. Not while it may run.
  bool consider(Goroutine& g) noexcept;
  // All were considered: from here on those are found alive whom somebody refers to.
  void begin_finding();
  // One more who is alive and was not looked through; nullptr: none.
  Goroutine* take_alive() noexcept;
  // Looks into objects that were reached; false when none are left.
  bool trace_some() noexcept;
  bool has_more() const noexcept;
  // Something could not be looked at, or there is no memory for the search: nobody is found.
  void give_up() noexcept;
  bool has_given_up() const noexcept;
  // Those considered and not found alive; empty when memory ran out meanwhile.
  std::vector<EndlessWait> found() const;

 private:
  template <class T>
  using Kept = std::vector<T, KeptAllocator<T>>;

  // What is waited for, by an address and what stands there, in its lowest bits.
  using Key = std::uintptr_t;
  enum Kind : Key { kObject = 0, kEnd = 1, kFrames = 2, kWord = 3 };
  static Key key_of(const void* at, Kind kind) noexcept { return reinterpret_cast<std::uintptr_t>(at) | kind; }

  struct Candidate {
    EndlessWait wait;
    bool is_alive = false;
    bool waits_for_scope = false;
  };
  struct Frames {
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    std::uint32_t candidate = 0;
  };
  struct WaitsFor {
    Key key = 0;
    std::uint32_t candidate = 0;
  };

  // Both: false when something outside may end the wait.
  bool note_waits(const Goroutine& g, std::uint32_t candidate) NOVELO_REQUIRES(lock_);
  bool note_wait_for(const void* object, std::uint32_t candidate) NOVELO_REQUIRES(lock_);
  void include(const void* begin, const void* end) noexcept;
  void look_at(std::uintptr_t word) NOVELO_REQUIRES(lock_) {
    if (word - low_ < high_ - low_) look_closely(word);
  }
  void look_closely(std::uintptr_t word) NOVELO_REQUIRES(lock_);
  void reach(Key key) NOVELO_REQUIRES(lock_);
  void reach_collected(std::uintptr_t word) NOVELO_REQUIRES(lock_);
  void reach_frames(std::uintptr_t word) NOVELO_REQUIRES(lock_);
  bool is_reached(Key key) const NOVELO_REQUIRES(lock_);
  void wake(Key key) NOVELO_REQUIRES(lock_);
  void make_alive(std::uint32_t candidate) NOVELO_REQUIRES(lock_);
  const Frames* frames_at(std::uintptr_t address) const NOVELO_REQUIRES(lock_);
  std::uint64_t& bits_of(std::uintptr_t start) const noexcept NOVELO_REQUIRES(lock_);
  static std::uint64_t bit_of(std::uintptr_t start) noexcept {
    return std::uint64_t{1} << (start / kGranuleBytes % 64);
  }

  CollectedHeap& heap_;
  Heap& own_heap_;
  StackClasses& stacks_;
  // All that counts lies between: most words do not.
  std::uintptr_t low_ = ~std::uintptr_t{0};
  std::uintptr_t high_ = 0;
  mutable Lock<LockRank::kLeaks> lock_;
  bool is_finding_ NOVELO_GUARDED_BY(lock_) = false;
  bool has_failed_ NOVELO_GUARDED_BY(lock_) = false;
  Kept<Candidate> candidates_ NOVELO_GUARDED_BY(lock_);
  Kept<WaitsFor> waits_ NOVELO_GUARDED_BY(lock_);                           // by key, once finding has begun
  Kept<Frames> frames_ NOVELO_GUARDED_BY(lock_);                            // by address, likewise
  Kept<std::pair<Key, std::uint32_t>> on_frames_ NOVELO_GUARDED_BY(lock_);  // waits for what stands on some stack
  Kept<std::uintptr_t> into_frames_ NOVELO_GUARDED_BY(lock_);               // words seen before finding began
  Kept<std::uint32_t> alive_ NOVELO_GUARDED_BY(lock_);                      // to be looked through
  Kept<std::pair<const char*, const char*>> to_trace_ NOVELO_GUARDED_BY(lock_);
  std::uint64_t* bits_ NOVELO_GUARDED_BY(lock_) = nullptr;  // of what was reached in the collected heap
  absl::flat_hash_set<Key, absl::flat_hash_set<Key>::hasher, std::equal_to<>, KeptAllocator<Key>> reached_
      NOVELO_GUARDED_BY(lock_);  // elsewhere
};

}  // namespace novelo::rt
