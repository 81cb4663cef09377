// sysmon: a thread without a processor that watches the others. It asks a goroutine whose slice is over to yield at its
// next runtime call, takes the processor away from one that makes no call, and has memory given back that nobody wants.
// It looks every 20 us while things change, down to every 10 ms while they do not, and sleeps while all processors are
// idle.
#include <algorithm>

#include "heap/collected_heap.h"
#include "novelo/go.h"
#include "os/clock.h"
#include "sched/collection.h"
#include "sched/scheduler.h"

namespace novelo::rt {
namespace {

constexpr std::int64_t kSliceNs = 10'000'000;
constexpr std::int64_t kOvertakenSliceNs = 1'000'000;  // when somebody of a higher class waits
constexpr std::int64_t kGraceNs = 1'000'000;           // after the request, before the processor is taken
constexpr std::int64_t kPeriodMinNs = 20'000;
constexpr std::int64_t kPeriodMaxNs = 10'000'000;
constexpr std::int64_t kPriorityPeriodMaxNs = 1'000'000;  // with priorities in use
constexpr std::int64_t kTrimEveryNs = 1'000'000'000;
constexpr std::int64_t kTrimAgainNs = 5'000'000;               // while there is more: 200,000 stacks a second
constexpr std::uint64_t kMuchBytes = std::uint64_t{16} << 20;  // up to half a ms
constexpr int kQuietPasses = 50;                               // passes without an event before the period grows

void scavenge_heaps() noexcept {
  Heap::get().scavenge();
  kept_heap().scavenge();
  if (CollectedHeap::exists()) CollectedHeap::get().scavenge();
}

std::uint64_t free_bytes_in_heaps() noexcept {
  std::uint64_t bytes = Heap::get().bytes().free + kept_heap().bytes().free;
  if (CollectedHeap::exists()) bytes += CollectedHeap::get().pages().bytes().free;
  return bytes;
}

}  // namespace

// Much of it takes too long for this thread, which others rely on.
void Scheduler::give_back_heaps() noexcept {
  if (is_scavenging_.load(acquire)) return;  // [scavenging]
  if (choices_ != nullptr || free_bytes_in_heaps() <= kMuchBytes) return scavenge_heaps();
  is_scavenging_.store(true, relaxed);
  const bool is_started = start_system(Closure([this] {
    const ShieldSection shield;
    {
      const BlockingSection section;
      scavenge_heaps();
    }
    is_scavenging_.store(false, release);  // [scavenging]
  }));
  if (!is_started) is_scavenging_.store(false, relaxed);  // the runtime ends
}

void Scheduler::sysmon_loop() noexcept {
  std::vector<Watch> watches;
  std::int64_t period = kPeriodMinNs;
  std::int64_t next_trim = steady_ns() + kTrimEveryNs;
  std::int64_t next_scavenge = next_trim;
  std::int64_t next_collection = steady_ns() + kCollectionEveryNs;
  int quiet = 0;
  while (!is_stopping_.load(acquire)) {  // [stop] with ~Scheduler()
    const std::int64_t now = steady_ns();
    about_now_ns_.store(now_coarse_ns(), relaxed);
    if (now >= next_trim) next_trim = now + (stacks_.trim() ? kTrimAgainNs : kTrimEveryNs);
    if (now >= next_scavenge) {
      give_back_heaps();
      follow_system();
      next_scavenge = now + kTrimEveryNs;
    }
    if (choices_ == nullptr && now >= next_collection) {
      if (now >= last_collection_ns() + kCollectionEveryNs) start_system(Closure([] { collection_is_due(); }));
      next_collection = std::max(now, last_collection_ns()) + kCollectionEveryNs;
    }
    // [sysmon-sleep] the word first, then the look at the processors; wake_sysmon() is called after one was taken
    sysmon_asleep_.store(1, seq_cst);
    if (idle_processors_.load(seq_cst) == max_procs() && !is_stopping_.load(seq_cst)) {  // [stop]
      futex_wait_until(sysmon_asleep_, 1, std::min(next_trim, next_scavenge));
      period = kPeriodMinNs;
      quiet = 0;
      sysmon_asleep_.store(0, relaxed);
      continue;
    }
    sysmon_asleep_.store(0, relaxed);
    // In deterministic mode nothing depends on how long a goroutine really takes.
    quiet = choices_ == nullptr && sysmon_pass(watches, now) ? 0 : quiet + 1;
    if (quiet == 0) period = kPeriodMinNs;
    if (quiet > kQuietPasses) period = std::min(period * 2, has_priorities() ? kPriorityPeriodMaxNs : kPeriodMaxNs);
    futex_wait_until(sysmon_asleep_, 0, now + period);
  }
}

void Scheduler::wake_sysmon() noexcept {
  // [sysmon-sleep] after a processor was taken from the idle ones (or the end was announced), both seq_cst
  if (sysmon_asleep_.load(seq_cst) == 0) return;
  if (sysmon_asleep_.exchange(0, seq_cst) != 0) futex_wake(sysmon_asleep_, 1);
}

bool Scheduler::sysmon_pass(std::vector<Watch>& watches, std::int64_t now) noexcept {
  bool did_something = false;
  watches.resize(processors_.size());
  for (std::size_t i = 0; i < watches.size(); ++i) {
    Processor& p = processors_[i];
    Watch& watch = watches[i];
    Machine* m = p.machine.load(acquire);  // [p-owner] with acquire()
    const std::uint64_t tick = p.tick.load(relaxed);
    if (m == nullptr || tick != watch.tick) {
      watch = {tick, now, false};
      continue;
    }
    const std::int64_t ran = now - watch.since;
    const std::int64_t slice = has_priorities() && is_overtaken(p) ? kOvertakenSliceNs : kSliceNs;
    if (ran < slice) continue;
    if (!watch.asked) {
      watch.asked = true;
      p.is_slice_over.store(true, relaxed);
      if (Goroutine* g = m->running.load(acquire)) {        // [machine-running] with execute()
        g->attention.fetch_or(kAttentionPreempt, relaxed);  // a hint: it may have ended, and then it does no harm
        preempts_.fetch_add(1, relaxed);
        did_something = true;
      }
    } else if (ran >= slice + kGraceNs) {
      // Alone and without timers it may keep the processor; what arrives later finds an idle one or is seen here.
      const bool is_wanted =
          p.has_runnable() || !is_global_empty() || next_timer() <= now || p.is_retired.load(relaxed);
      if (is_wanted && retake(p)) {
        watch = {tick, now, false};
        did_something = true;
      }
    }
  }
  return did_something;
}

}  // namespace novelo::rt
