// One cycle after the other: asking for one, handshakes, the steps, and the part of those who allocate.
#include "gc/cycle.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/clear_frames.h"
#include "gc/turns.h"
#include "novelo/go.h"
#include "os/clock.h"
#include "sched/collection.h"
#include "sched/safepoint.h"
#include "sched/scheduler.h"

namespace novelo::rt {
namespace {

constexpr std::uint64_t kKindBits = 3;
constexpr std::uint64_t kDrainBytes = std::uint64_t{64} << 10;  // between two looks at the clock
constexpr std::size_t kSweptPages = 64;
constexpr std::int64_t kAccountedBytes = std::int64_t{8} << 10;
constexpr std::int64_t kAssistBytesMax = 12 << 10;  // at one time

#if defined(NDEBUG)
constexpr bool kIsDebugBuild = false;
#else
constexpr bool kIsDebugBuild = true;
#endif

bool is_debugging(const char* what) noexcept {
  const char* wanted = std::getenv("NOVELO_DEBUG");
  return wanted != nullptr && std::strstr(wanted, what) != nullptr;
}

[[gnu::noinline]] void poll_hook() noexcept {
  Machine* m = current_machine();
  if (m == nullptr || m->current == nullptr) return;
  SavedRegisters registers;
  save_registers(registers);
  if (Collector::get().poll(*m, *m->current, &registers)) leave_for(SwitchReason::kRequeue);
}

}  // namespace

constinit Atomic<bool> is_barrier_on{false};

Collector& Collector::get() noexcept {
  static Collector& collector = *new Collector;  // outlives every thread
  return collector;
}

Collector::Collector() noexcept
    : heap_(CollectedHeap::get()), roots_(heap_, queue_), weak_(heap_, queue_), cleanups_(heap_), samples_(heap_) {
  collector_hooks = {
      [](Machine& m, Goroutine& g) noexcept { return Collector::get().before_run(m, g); },
      []() noexcept { poll_hook(); },
      [](Scheduler& scheduler) noexcept { Collector::get().scheduler_gone(scheduler); },
  };
  set_cycle_start([]() noexcept {
    Collector& collector = Collector::get();
    if (collector.pacer().percent() < 0) return false;  // only the limit counts
    // One that is under way will tell.
    return collector.request(CollectionCause::kPeriod) || collector.is_under_way();
  });
  is_tracing_ = is_debugging("gctrace=1");
  is_stressing_ = is_debugging("gcstress=1");
  if (is_stressing_) set_settled_after(0);
  is_verifying_.store(kIsDebugBuild || is_debugging("gcverify=1"), relaxed);
}

Mutator& mutator_of(Machine& m) noexcept {
  Mutator* mutator = m.mutator.load(acquire);  // [gc-mutator]
  if (mutator != nullptr) return *mutator;
  Collector& collector = Collector::get();
  auto* made = new Mutator(collector.heap(), collector.queue(), static_cast<std::uint64_t>(m.index) + 1);
  if (m.mutator.compare_exchange_strong(mutator, made, acq_rel, acquire)) return *made;  // [gc-mutator]
  delete made;
  return *mutator;
}

// At the end of a Runtime: no cycle is under way.
void Collector::scheduler_gone(Scheduler& scheduler) noexcept {
  for (Machine* m : scheduler.machines()) {
    Mutator* mutator = m->mutator.exchange(nullptr, acquire);  // [gc-mutator]
    if (mutator == nullptr) continue;
    mutator->rejoin();
    heap_.flush(mutator->cells);
    static_cast<void>(pacer_.allocated(mutator->cells.allocated_bytes));
    pacer_.allocated_cells(mutator->cells.allocated_cells);
    delete mutator;
  }
  for (const auto& p : scheduler.processors()) roots_.drain(p->traced_cells);
  const LockGuard guard(leaks_lock_);
  suspects_.clear();
  leaked_.clear();
}

// ---- asking for a cycle ----

bool Collector::request(CollectionCause cause) noexcept {
  if (is_under_way()) return false;
  bool starts = false;
  {
    const LockGuard guard(lock_);
    if (is_under_way()) return false;
    starts = !std::exchange(is_running_, true);
    if (starts) cause_ = cause;
    wanted_ = std::max(wanted_, begun_.load(relaxed) + 1);
  }
  return starts && start();
}

bool Collector::start() noexcept {
  if (scheduler()->start_system(Closure([this] { run_cycles(); }))) return true;
  const LockGuard guard(lock_);  // the runtime ends
  is_running_ = false;
  return false;
}

void Collector::collect(CollectionCause cause) {
  if (current_goroutine() == nullptr) throw RuntimeError("gc::collect() called outside a goroutine");
  std::uint64_t target = 0;
  bool starts = false;
  {
    const LockGuard guard(lock_);
    target = begun_.load(relaxed) + 1;
    wanted_ = std::max(wanted_, target);
    cause_ = cause;
    starts = !is_running_;
    is_running_ = true;
  }
  if (starts && !start()) return;
  completed_event_.wait(WaitReason::kCollection, nullptr,
                        [&] { return completed_.load(acquire) >= target; });  // [gc-completed]
}

void Collector::run_cycles() noexcept {
  const ShieldSection shield;
  for (;;) {
    {
      const LockGuard guard(lock_);
      if (completed_.load(relaxed) >= wanted_) {
        is_running_ = false;
        break;
      }
      count(cycles_[static_cast<std::size_t>(cause_)], std::uint64_t{1});
      begun_.store(begun_.load(relaxed) + 1, relaxed);
      cause_ = CollectionCause::kHeap;
    }
    run_cycle();
    completed_event_.notify_all([this] {
      completed_.store(completed_.load(relaxed) + 1, release);  // [gc-completed]
    });
    start_followers();
  }
  clear_frames_below();  // references to all that was looked through
}

// What comes after a cycle runs code of the program, which may wait or throw: on a goroutine of its own, one at a time.
// Cycles that end meanwhile are followed by one more.
void Collector::start_followers() noexcept {
  if (unfollowed_.fetch_add(1, acq_rel) == 0) follow();  // [gc-followers]
}

void Collector::follow() noexcept {
  const bool is_started = scheduler()->start_system(Closure([this] {
    struct Over {
      ~Over() {
        if (collector.unfollowed_.fetch_sub(cycles, acq_rel) > cycles) collector.follow();  // [gc-followers]
      }
      Collector& collector;
      std::uint32_t cycles;
    } over{*this, unfollowed_.load(acquire)};  // [gc-followers] what those cycles found
    tell_of_collection();
    cleanups_.run_due();
  }));
  if (!is_started) unfollowed_.store(0, relaxed);  // the runtime ends
}

// ---- handshakes ----

// Goroutines are looked through once their machine is black: what they allocate afterwards is marked already.
bool Collector::wants_scan(const Mutator& mutator, const Goroutine& g) const noexcept {
  // [gc-marking] [gc-scan] acquire: whoever looked through it has done with it
  return mutator.cells.is_black && is_marking_.load(acquire) && g.scan.load(acquire) != scanned();
}

void Collector::answer(Mutator& mutator, std::uint64_t word, const Self* self) noexcept {
  const std::int64_t began = steady_ns();
  CellRuns& cells = mutator.cells;
  mutator.rejoin();
  switch (static_cast<Handshake>(word & ((1U << kKindBits) - 1))) {
    case Handshake::kNone:
    case Handshake::kBarrierOn:
      break;
    case Handshake::kFlush:
      for (std::size_t i = 0; i < mutator.noted_size; ++i) mutator.marker.shade(mutator.noted[i]);
      mutator.noted_size = 0;
      if (LeakFinder* finder = LeakFinder::in_use.load(acquire)) {  // [leak-finder]
        for (const std::uint16_t kind : cells.used) finder->are_new(cells.runs[kind].base, cells.runs[kind].bits);
      }
      [[fallthrough]];
    case Handshake::kBlackBirth:
      if (!cells.is_black) heap_.turn_black(cells);
      if (self != nullptr && wants_scan(mutator, self->g) && !is_left_to_collector(self->g, self->sp) &&
          claim_scan(self->g)) {
        scan(self->g, self->sp, mutator.marker);
      }
      mutator.marker.finish();
      flush_marked_.fetch_add(mutator.marker.take_marked_objects(), relaxed);
      marked_bytes_.fetch_add(mutator.marker.take_marked_bytes(), relaxed);
      break;
    case Handshake::kBarrierOff:
      mutator.marker.finish();
      mutator.noted_size = 0;
      heap_.flush(cells);
      cells.is_black = false;
      cells.generation = next_generation_.load(relaxed);
      mutator.debt_bytes = 0;
      break;
  }
  mutator.interrupted(Interruption::kHandshake, steady_ns() - began);
}

// Whoever claims it answers. Afterwards it is answered, whoever did.
void Collector::answer_if_due(Mutator& mutator, const Self* self) noexcept {
  // [gc-handshake] acquire, with shake_hands(): what the collector did before is seen
  const std::uint64_t word = handshake_.load(acquire);
  std::uint64_t answered = mutator.answered.load(acquire);  // [gc-answer]
  while (answered != word) {
    if ((answered & Mutator::kBusy) != 0) {
      cpu_relax();
      answered = mutator.answered.load(acquire);  // [gc-answer]
      continue;
    }
    if (mutator.answered.compare_exchange_weak(answered, word | Mutator::kBusy, acquire, acquire)) {  // [gc-answer]
      answer(mutator, word, self);
      mutator.answered.store(word, release);  // [gc-answer] what was done for it is seen
      return;
    }
  }
}

void Collector::shake_hands(Handshake kind, Turns& turns) noexcept {
  const std::uint64_t number = (handshake_.load(relaxed) >> kKindBits) + 1;
  const std::uint64_t word = number << kKindBits | static_cast<std::uint64_t>(kind);
  handshake_.store(word, seq_cst);  // [gc-handshake]
  heavy_barrier();                  // [gc-run] with the light barriers of who begins to run
  is_looked_up.fetch_add(1, relaxed);
  for (Machine* m : scheduler()->machines()) {
    for (int times = 0;; ++times) {
      collector_poll();  // for the machine this runs on
      Mutator& mutator = mutator_of(*m);
      if (mutator.answered.load(acquire) == word) break;      // [gc-answer]
      Goroutine* g = m->running.load(acquire);                // [gc-run]
      if (g == nullptr || m->is_in_blocking.load(acquire)) {  // [gc-blocking]
        answer_if_due(mutator, nullptr);
        break;
      }
      g->attention.fetch_or(kAttentionCollect, relaxed);
      turns.wait(times);
    }
  }
  is_looked_up.fetch_sub(1, relaxed);
}

bool Collector::before_run(Machine& m, Goroutine& g) noexcept {
  Mutator& mutator = mutator_of(m);
  answer_if_due(mutator, nullptr);
  while (wants_scan(mutator, g)) {
    if (is_left_to_collector(g, g.context.sp)) {
      if (hold_back(g)) return false;
      continue;
    }
    const std::int64_t began = steady_ns();
    if (claim_scan(g)) scan(g, g.context.sp, mutator.marker);
    mutator.interrupted(Interruption::kScan, steady_ns() - began);
  }
  return true;
}

bool Collector::poll(Machine& m, Goroutine& g, const void* sp) noexcept {
  Mutator& mutator = mutator_of(m);
  const Self self{g, sp};
  answer_if_due(mutator, &self);
  if (!wants_scan(mutator, g)) return false;
  // Deep, or it comes out of a BlockingSection. There it first gets a processor that it can give up.
  if (is_left_to_collector(g, sp)) return g.blocking_sp.load(relaxed) == nullptr;
  const std::int64_t began = steady_ns();
  if (claim_scan(g)) scan(g, sp, mutator.marker);
  mutator.interrupted(Interruption::kScan, steady_ns() - began);
  return false;
}

// ---- the cycle ----

void Collector::run_cycle() noexcept {
  Turns turns(*scheduler());
  const std::int64_t began = steady_ns();
  pacer_.begin_cycle(scheduler()->max_procs());
  const std::int64_t now = now_coarse_ns();
  settled_since_ns_ = std::min(std::exchange(cycle_began_ns_, now), now - settled_ns_.load(relaxed));
  number_.store(number_.load(relaxed) + 1, relaxed);
  looks_.store(looks_.load(relaxed) + 1, relaxed);
  // What this goroutine has on its stack is marked, or was left there by another that had the stack before.
  current_goroutine()->scan.store(scanned(), release);  // [gc-scan]
  marked_bytes_.store(0, relaxed);
  marked_objects_.store(0, relaxed);
  credit_bytes_.store(0, relaxed);
  collector_is_active.store(true, relaxed);
  is_barrier_on.store(true, relaxed);
  shake_hands(Handshake::kBarrierOn, turns);
  roots_.let_outsiders_finish();
  weak_.begin_marking();
  holds_back_.store(true, relaxed);
  is_marking_.store(true, release);  // [gc-marking]
  shake_hands(Handshake::kBlackBirth, turns);
  roots_.let_outsiders_finish();
  mark_roots(turns);
  do {
    drain(turns);
  } while (!flush(turns));
  count_work(Work::kMark, turns);
  if (wants_leaks_.exchange(false, acquire)) {  // [gc-leaks]
    search_leaks(turns);
    count_work(Work::kLeaks, turns);
  }
  finish_marking(turns);
  const std::int64_t marked = steady_ns();
  count(mark_ns_, static_cast<std::uint64_t>(marked - began));

  next_generation_.store(heap_.generation() + 1, relaxed);
  is_barrier_on.store(false, relaxed);
  shake_hands(Handshake::kBarrierOff, turns);
  // A word that only looked like a reference may have been noted since: what it marked is to be whole.
  static_cast<void>(roots_.publish_noted());
  drain(turns);
  weak_.end_cycle();
  count_work(Work::kMark, turns);
  heap_.begin_sweep();
  collector_is_active.store(false, release);  // [gc-active] with execute() and collector_poll()
  const std::uint64_t heap_bytes = pacer_.heap_bytes();
  completed_event_.notify_all([this] { pacer_.end_marking(marked_bytes_.load(relaxed)); });
  heap_.expect_bytes(pacer_.goal_bytes());
  sweep(turns);
  count_work(Work::kSweep, turns);
  count(sweep_ns_, static_cast<std::uint64_t>(steady_ns() - marked));
  if (is_tracing_) trace(began, marked, heap_bytes);
}

void Collector::count_work(Work work, Turns& turns) noexcept {
  count(work_ns_[static_cast<std::size_t>(work)], static_cast<std::uint64_t>(turns.take_worked_ns()));
}

void Collector::mark_roots(Turns& turns) noexcept {
  {
    Marker marker(heap_, queue_);
    roots_.mark_slots(marker);
    roots_.mark_traced(marker, [&turns] { turns.give_way(); });
    cleanups_.mark_due(marker);
    marked_bytes_.fetch_add(marker.take_marked_bytes(), relaxed);
    marked_objects_.fetch_add(marker.take_marked_objects(), relaxed);
  }
  scan_goroutines(turns);
}

void Collector::drain(Turns& turns) noexcept {
  for (int times = 0; !queue_.is_done();) {
    bool has_more = true;
    {
      Marker marker(heap_, queue_);
      has_more = marker.drain(kDrainBytes);
      const std::uint64_t bytes = marker.take_marked_bytes();
      marked_bytes_.fetch_add(bytes, relaxed);
      marked_objects_.fetch_add(marker.take_marked_objects(), relaxed);
      credit_bytes_.fetch_add(static_cast<std::int64_t>(bytes), relaxed);
    }
    turns.give_way();
    if (!has_more && !queue_.is_done()) turns.wait(times++);  // others are at the rest
  }
}

bool Collector::flush(Turns& turns) noexcept {
  flush_marked_.store(0, relaxed);
  shake_hands(Handshake::kFlush, turns);
  const bool has_more = roots_.publish_noted();
  return !has_more && flush_marked_.load(relaxed) == 0 && queue_.is_done() && weak_.end_marking();
}

// All that can be reached is marked, and nobody can reach anything else any more: weak references to the rest go, and
// what destructors are to see comes back, for them alone.
void Collector::finish_marking(Turns& turns) noexcept {
  is_marking_.store(false, release);  // [gc-marking]
  if (is_verifying_.load(relaxed)) verify();
  weak_.clear_unmarked();
  samples_.drop_unmarked([&turns] { turns.give_way(); });
  {
    Marker marker(heap_, queue_);
    cleanups_.find_due(marker);
  }
  drain(turns);
}

void Collector::sweep(Turns& turns) noexcept {
  while (heap_.sweep_some(kSweptPages)) turns.give_way();
  for (int times = 0; !heap_.is_swept(); ++times) turns.wait(times);
}

void Collector::trace(std::int64_t began_ns, std::int64_t marked_ns, std::uint64_t heap_bytes) noexcept {
  const double now = static_cast<double>(steady_ns());
  std::fprintf(
      stderr, "gc %llu: %.3f ms to mark, %.3f ms to sweep, %llu KiB of %llu alive, %llu objects, goal %llu KiB\n",
      static_cast<unsigned long long>(number_.load(relaxed)), static_cast<double>(marked_ns - began_ns) * 1e-6,
      (now - static_cast<double>(marked_ns)) * 1e-6, static_cast<unsigned long long>(pacer_.live_bytes() >> 10),
      static_cast<unsigned long long>(heap_bytes >> 10), static_cast<unsigned long long>(marked_objects_.load(relaxed)),
      static_cast<unsigned long long>(pacer_.goal_bytes() >> 10));
}

// ---- by those who allocate ----

void Collector::account(Mutator& mutator) noexcept {
  CellRuns& cells = mutator.cells;
  if (cells.allocated_bytes < kAccountedBytes && !is_stressing_) return;
  const std::int64_t bytes = std::exchange(cells.allocated_bytes, 0);
  pacer_.allocated_cells(std::exchange(cells.allocated_cells, 0));
  if (cells.is_black) marked_bytes_.fetch_add(static_cast<std::uint64_t>(bytes), relaxed);
  if (is_marking_.load(relaxed)) assist(mutator, std::max<std::int64_t>(bytes, 0));
  if ((pacer_.allocated(bytes) || is_stressing_) && (request(CollectionCause::kHeap) || pacer_.is_over())) {
    leave_for(SwitchReason::kYield);
  }
  if (pacer_.is_far_over()) wait_for_room();
}

// The collector's thread may have to wait for a core while those who allocate have all of them.
void Collector::wait_for_room() noexcept {
  std::uint64_t target = 0;
  {
    const LockGuard guard(lock_);
    if (!is_running_) return;
    target = wanted_;
  }
  const ShieldSection shield;
  completed_event_.wait(WaitReason::kCollection, nullptr, [&] {
    return !pacer_.is_far_over() || completed_.load(acquire) >= target;  // [gc-completed]
  });
}

// Pays for what was allocated: with what the collector has marked beforehand, else by marking.
void Collector::assist(Mutator& mutator, std::int64_t allocated_bytes) noexcept {
  mutator.debt_bytes += static_cast<std::int64_t>(static_cast<double>(allocated_bytes) * pacer_.marks_per_byte());
  const std::int64_t credit = std::clamp<std::int64_t>(credit_bytes_.load(relaxed), 0, mutator.debt_bytes);
  credit_bytes_.fetch_sub(credit, relaxed);
  mutator.debt_bytes -= credit;
  if (mutator.debt_bytes == 0 || scheduler()->choices() != nullptr || !queue_.has_work()) return;
  const std::int64_t began = steady_ns();
  Marker marker(heap_, queue_);
  marker.drain(static_cast<std::uint64_t>(std::min(mutator.debt_bytes, kAssistBytesMax)));
  const std::uint64_t marked = marker.take_marked_bytes();
  marked_bytes_.fetch_add(marked, relaxed);
  marked_objects_.fetch_add(marker.take_marked_objects(), relaxed);
  mutator.debt_bytes = std::max<std::int64_t>(mutator.debt_bytes - static_cast<std::int64_t>(marked), 0);
  const std::int64_t took = steady_ns() - began;
  assist_ns_.fetch_add(static_cast<std::uint64_t>(took), relaxed);
  mutator.interrupted(Interruption::kAssist, took);
}

}  // namespace novelo::rt
