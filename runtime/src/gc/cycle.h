// runtime/src/gc/cycle.h
// The collector: one cycle after the other, each by a goroutine of the runtime, while all others run on.
//
//   who        request(): allocation; collect(): anybody; the hooks: every machine
//   invariants [gc-handshake] no step begins before every machine has answered the one before, by itself at a call of
//              the goroutine it runs, or through the collector while it runs none. Why each step is where it is: the
//              model in tests/model/gc_cycle_test.cc
//   tested     tests/model/gc_cycle_test.cc, tests/conformance/gc_test.cc, tests/stress/gc_test.cc
//
//   barrier on     afterwards no store is still to come that was not noted
//   black birth    what a machine allocates from here on is marked; the goroutine it runs looks through its own stack.
//                  A goroutine that does not run is looked through by the collector, or before it runs again
//   flush          what barriers have noted is marked; a round in which nothing was, ends marking
//   barrier off    machines take nothing any more that is still to be swept
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"
#include "base/atomic.h"
#include "base/lock.h"
#include "gc/cleanup.h"
#include "gc/heap_samples.h"
#include "gc/leak_finder.h"
#include "gc/mark_queue.h"
#include "gc/mutator.h"
#include "gc/pacer.h"
#include "gc/roots.h"
#include "gc/weak.h"
#include "heap/collected_heap.h"
#include "obs/histogram.h"
#include "sched/event.h"
#include "sched/goroutine.h"
#include "sched/machine.h"

namespace novelo::rt {

class Scheduler;
class Turns;

enum class CollectionCause : std::uint8_t { kHeap, kRequest, kLeaks, kMeter, kPeriod };
inline constexpr std::size_t kCollectionCauses = 5;

class Collector {
 public:
  // The process's. Made at the first use.
  static Collector& get() noexcept;

  // Begins a cycle soon, unless one is under way: then false.
  bool request(CollectionCause cause) noexcept;
  // Returns after a whole cycle. Leaves by Cancelled.
  void collect(CollectionCause cause = CollectionCause::kRequest);

  // ---- hooks ----
  bool before_run(Machine& m, Goroutine& g) noexcept;            // false: it is held back
  bool poll(Machine& m, Goroutine& g, const void* sp) noexcept;  // true: it is to let its machine go
  void scheduler_gone(Scheduler& scheduler) noexcept;

  // ---- by goroutines that allocate ----
  // Counts what the runs have taken; begins a cycle when it is time, marks if the cycle falls behind, lets it go first
  // once it is late, and waits for it once the heap is a quarter of its growth beyond the goal.
  void account(Mutator& mutator) noexcept;

  CollectedHeap& heap() noexcept { return heap_; }
  MarkQueue& queue() noexcept { return queue_; }
  Roots& roots() noexcept { return roots_; }
  WeakTable& weak() noexcept { return weak_; }
  CleanupTable& cleanups() noexcept { return cleanups_; }
  HeapSamples& samples() noexcept { return samples_; }
  Pacer& pacer() noexcept { return pacer_; }

  // Searches for goroutines that wait for ever until two searches agree; those. Leaves by Cancelled.
  std::vector<EndlessWait> find_leaks();
  // Of those found last, how many are there still.
  std::size_t leaked() const noexcept;

  // A second opinion at the end of marking, which ends the process if it finds a mark that is missing. On in debug
  // builds, and with gcverify=1 in $NOVELO_DEBUG.
  void set_verifying(bool on) noexcept { is_verifying_.store(on, relaxed); }

  // For how long a goroutine is to have waited for its stack to be shrunk: a second; none with gcstress=1 in
  // $NOVELO_DEBUG.
  static constexpr std::int64_t kSettledNs = 1'000'000'000;
  void set_settled_after(std::int64_t ns) noexcept { settled_ns_.store(ns, relaxed); }

  std::uint64_t cycles(CollectionCause cause) const noexcept {
    return cycles_[static_cast<std::size_t>(cause)].load(relaxed);
  }
  bool is_under_way() const noexcept { return begun_.load(relaxed) != completed_.load(relaxed); }
  std::uint64_t cycles() const noexcept { return completed_.load(relaxed); }
  std::uint64_t mark_ns() const noexcept { return mark_ns_.load(relaxed); }
  std::uint64_t assist_ns() const noexcept { return assist_ns_.load(relaxed); }
  std::uint64_t sweep_ns() const noexcept { return sweep_ns_.load(relaxed); }
  // What its goroutine has worked, while others had to wait for its processor.
  enum class Work : std::uint8_t { kMark, kLeaks, kSweep };
  std::uint64_t work_ns(Work work) const noexcept { return work_ns_[static_cast<std::size_t>(work)].load(relaxed); }

 private:
  enum class Handshake : std::uint8_t { kNone, kBarrierOn, kBlackBirth, kFlush, kBarrierOff };

  Collector() noexcept;
  bool start() noexcept;
  void assist(Mutator& mutator, std::int64_t allocated_bytes) noexcept;
  void wait_for_room() noexcept;
  void run_cycles() noexcept;
  void run_cycle() noexcept;
  void start_followers() noexcept;
  void follow() noexcept;
  void shake_hands(Handshake kind, Turns& turns) noexcept;
  // A goroutine that answers for the machine it runs on: its stack is to be looked through from here up.
  struct Self {
    Goroutine& g;
    const void* sp;
  };
  void answer_if_due(Mutator& mutator, const Self* self) noexcept;
  void answer(Mutator& mutator, std::uint64_t word, const Self* self) noexcept;
  bool wants_scan(const Mutator& mutator, const Goroutine& g) const noexcept;
  void mark_roots(Turns& turns) noexcept;
  void drain(Turns& turns) noexcept;
  bool flush(Turns& turns) noexcept;  // true: nothing was marked by it
  void finish_marking(Turns& turns) noexcept;
  void count_work(Work work, Turns& turns) noexcept;
  void sweep(Turns& turns) noexcept;
  void verify() const noexcept;
  void trace(std::int64_t began_ns, std::int64_t marked_ns, std::uint64_t heap_bytes) noexcept;

  // leak_search.cc
  void search_leaks(Turns& turns) noexcept;
  std::vector<EndlessWait> endless_waits(Turns& turns);
  void consider_goroutines(LeakFinder& finder, Turns& turns);
  void note_accounts(EndlessWait& wait);
  void look_through_alive(LeakFinder& finder, Turns& turns) noexcept;

  // Stacks: stack_scan.cc
  void for_each_unscanned(Turns& turns, absl::FunctionRef<void(Goroutine& g, const char* blocking_sp)> scan);
  void scan_goroutines(Turns& turns) noexcept;
  bool claim_scan(Goroutine& g) noexcept;
  bool is_left_to_collector(const Goroutine& g, const void* sp) const noexcept;
  bool hold_back(Goroutine& g) noexcept;
  void serve_held_back(Marker& marker, Turns& turns) noexcept;
  // From `sp` up. With `turns`, by the collector: in pieces if it is deep.
  void scan(Goroutine& g, const void* sp, Marker& marker, Turns* turns = nullptr) noexcept;
  void settle(Goroutine& g) noexcept;  // by the collector, while it is at the stacks
  void shrink_stacks(Goroutine& g, std::int64_t since) noexcept;
  std::uint64_t scanned() const noexcept { return 2 * looks_.load(relaxed); }

  // Goroutines with a deep stack are held back until it was looked through: from black birth until all stacks were.
  // Under the lock nobody is looked through or made to run.
  Lock<LockRank::kHeldBack> held_back_lock_;
  Atomic<bool> holds_back_{false};
  // In the order they were to run in: with the next cycle at once behind this one, who comes last is held back again.
  Goroutine* held_back_ NOVELO_GUARDED_BY(held_back_lock_) = nullptr;
  Goroutine** held_back_end_ NOVELO_GUARDED_BY(held_back_lock_) = &held_back_;

  // Who waits since then gives back the memory of calls that have returned. At least since before the last cycle, so
  // that who goes deep all the time keeps it.
  Atomic<std::int64_t> settled_ns_{kSettledNs};
  std::int64_t settled_since_ns_ = 0;
  bool compacts_ = false;  // in this look
  std::int64_t cycle_began_ns_ = 0;

  CollectedHeap& heap_;
  MarkQueue queue_;
  Roots roots_;
  WeakTable weak_;
  CleanupTable cleanups_;
  HeapSamples samples_;
  Pacer pacer_;

  Atomic<std::uint64_t> number_{0};     // of the cycle
  Atomic<std::uint64_t> looks_{0};      // through all goroutines
  Atomic<std::uint64_t> handshake_{0};  // its number times eight, and what it is for
  Atomic<std::uint64_t> next_generation_{0};
  Atomic<bool> is_marking_{false};         // from black birth to the end of marking
  Atomic<std::uint64_t> flush_marked_{0};  // objects marked by flushing
  Atomic<std::uint64_t> marked_bytes_{0};
  Atomic<std::uint64_t> marked_objects_{0};
  Atomic<std::int64_t> credit_bytes_{0};  // marked by the collector and not yet allocated for
  Atomic<bool> is_verifying_{false};
  Atomic<std::uint32_t> unfollowed_{0};  // cycles whose cleanups have not run and that nobody was told of
  bool is_tracing_ = false;              // gctrace=1 in $NOVELO_DEBUG: a line a cycle
  bool is_stressing_ = false;            // gcstress=1: a cycle at each look

  Lock<LockRank::kChannel> lock_;
  bool is_running_ NOVELO_GUARDED_BY(lock_) = false;
  std::uint64_t wanted_ NOVELO_GUARDED_BY(lock_) = 0;  // cycles to have completed
  CollectionCause cause_ NOVELO_GUARDED_BY(lock_) = CollectionCause::kHeap;
  Event completed_event_;  // of cycles, and of their marking
  Atomic<bool> wants_leaks_{false};
  mutable Lock<LockRank::kLeaks> leaks_lock_;
  std::vector<EndlessWait> suspects_ NOVELO_GUARDED_BY(leaks_lock_);  // of the last search
  std::vector<EndlessWait> leaked_ NOVELO_GUARDED_BY(leaks_lock_);    // those that the search before had found too

  Atomic<std::uint64_t> begun_{0};
  Atomic<std::uint64_t> completed_{0};
  std::array<Atomic<std::uint64_t>, kCollectionCauses> cycles_{};
  Atomic<std::uint64_t> mark_ns_{0};
  Atomic<std::uint64_t> assist_ns_{0};
  Atomic<std::uint64_t> sweep_ns_{0};
  std::array<Atomic<std::uint64_t>, 3> work_ns_{};
};

}  // namespace novelo::rt
