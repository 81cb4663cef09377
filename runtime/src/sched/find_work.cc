// Where the next goroutine comes from. The order: due timers; every 61st time the global queue, so that goroutines
// which keep each other runnable do not hold it up for ever; the processor's own queue; a batch of the global queue;
// other processors' queues and timers. Then the machine goes idle. With priorities that is the order in each class.
#include <algorithm>

#include "os/clock.h"
#include "sched/scheduler.h"

namespace novelo::rt {
namespace {
constexpr std::uint64_t kGlobalEvery = 61;
constexpr int kStealRounds = 4;
constexpr std::uint32_t kTimersAtOnce = RunQueue::kCapacity / 2;
constexpr std::uint32_t kRingBusy = RunQueue::kCapacity / 4;
constexpr std::uint32_t kTimersEvery = 8;

// What very many timers make runnable at once would not fit into the ring: half of it would go to the global queue, the
// first of them, and be the last to run. So the next ones fire when the ring has run down; one in some picks does
// whatever stands in it.
std::uint32_t timers_at_once(Processor& p) noexcept {
  if (p.queue(Priority::kNormal).length() < kRingBusy) return kTimersAtOnce;
  return ++p.timers_put_off % kTimersEvery == 0 ? 1 : 0;
}
}  // namespace

Goroutine* Scheduler::find_work(Machine& m) noexcept {
  for (;;) {
    if (is_stopping_.load(acquire)) return nullptr;  // [stop] with ~Scheduler()
    Processor* p = m.processor.load(relaxed);
    if (p == nullptr) {
      if (sleep_until_given(m) == Slept::kEnded) return nullptr;
      continue;
    }
    if (p->is_retired.load(relaxed)) [[unlikely]] {
      retire(m);
      continue;
    }
    Goroutine* g = choices_ == nullptr ? next_local(*p) : next_chosen(*p);
    if (g == nullptr && choices_ == nullptr) g = steal(m, *p);
    if (g != nullptr) {
      if (m.is_spinning) stop_spinning(m);
      return g;
    }
    go_idle(m);
  }
}

Goroutine* Scheduler::next_local(Processor& p) noexcept {
  if (p.timers.next_when() != kNever) {
    if (const std::uint32_t max = timers_at_once(p); max != 0) p.timers.run_expired(now_ns(), max);
  }
  if (processors_.size() > static_cast<std::size_t>(max_procs())) [[unlikely]]
    run_retired_timers();
  return has_priorities() ? next_by_priority(p) : next_of(p, Priority::kNormal);
}

Goroutine* Scheduler::next_of(Processor& p, Priority priority) noexcept {
  const std::uint64_t tick = p.tick.load(relaxed);
  if (tick % kGlobalEvery == 0) {
    if (Goroutine* g = take_global(p, priority, 1)) {
      p.tick.store(tick + 1, relaxed);
      return g;
    }
  }
  RunQueue::Popped popped = p.queue(priority).pop();
  // What runs by runnext shares the slice of the one that made it ready: a pair cannot keep a processor for ever, and
  // neither can many that each start the next and end, though none of them lives to be asked to yield.
  if (popped.was_next && p.is_slice_over.load(relaxed)) [[unlikely]] {
    p.is_slice_over.store(false, relaxed);
    global(priority).push(popped.goroutine);
    popped = p.queue(priority).pop();
  }
  if (popped.goroutine != nullptr) {
    if (!popped.was_next) p.tick.store(tick + 1, relaxed);
    return popped.goroutine;
  }
  Goroutine* g = take_global(p, priority, RunQueue::kCapacity / 2);
  if (g != nullptr) p.tick.store(tick + 1, relaxed);
  return g;
}

Goroutine* Scheduler::take_global(Processor& p, Priority priority, std::uint32_t max) noexcept {
  GlobalQueue& queue = global(priority);
  if (queue.is_empty()) return nullptr;
  Goroutine* batch[RunQueue::kCapacity / 2];
  // A fair share, so that the other processors find some too.
  const auto share = static_cast<std::uint32_t>(queue.size() / static_cast<std::size_t>(max_procs()) + 1);
  const std::uint32_t taken = queue.take(batch, std::min(max, share));
  if (taken == 0) return nullptr;
  for (std::uint32_t i = 1; i < taken; ++i) enqueue_ring(p, batch[i]);
  return batch[0];
}

Goroutine* Scheduler::steal(Machine& m, Processor& p) noexcept {
  if (!m.is_spinning) {
    const std::int32_t busy = max_procs() - idle_processors_.load(relaxed);
    if (2 * spinning_.load(relaxed) >= busy) return nullptr;
    m.is_spinning = true;
    spinning_.fetch_add(1, seq_cst);  // [work-wake] with wake_processor()
  }
  const auto count_of = static_cast<std::uint32_t>(processors_.size());
  for (int round = 0; round < kStealRounds; ++round) {
    const bool is_last = round == kStealRounds - 1;
    const std::uint32_t first = p.random.below(count_of);
    for (std::uint32_t i = 0; i < count_of; ++i) {
      Processor& victim = processors_[(first + i) % count_of];
      if (is_last && victim.timers.next_when() != kNever && victim.timers.run_expired(now_ns(), kTimersAtOnce) > 0) {
        if (Goroutine* g = next_local(p)) return g;  // firing made it ready here
      }
      if (&victim == &p) continue;
      // Only in the last round the runnext of another: its owner is about to run it, with warm data.
      const auto next = is_last ? RunQueue::Next::kTake : RunQueue::Next::kLeave;
      if (Goroutine* g = steal_from(p, victim, next)) return g;
    }
    for (int spin = 0; spin < 30; ++spin) cpu_relax();
  }
  return nullptr;
}

// Of the highest class there is.
Goroutine* Scheduler::steal_from(Processor& p, Processor& victim, RunQueue::Next next) noexcept {
  for (const Priority priority : {Priority::kLatency, Priority::kNormal, Priority::kBatch}) {
    if (Goroutine* g = steal_of(p, victim, priority, next)) return g;
  }
  return nullptr;
}

// This machine found work: if it was the last that looked, there may be more, and another has to look.
void Scheduler::stop_spinning(Machine& m) noexcept {
  m.is_spinning = false;
  spinning_.fetch_sub(1, seq_cst);  // [work-wake] with wake_processor()
  wake_processor();
}

bool Scheduler::is_work_anywhere() const noexcept {
  if (!is_global_empty()) return true;
  for (const auto& p : processors_) {
    if (p->has_runnable()) return true;
  }
  return false;
}

bool Scheduler::is_global_empty() const noexcept {
  for (const GlobalQueue& queue : globals_) {
    if (!queue.is_empty()) return false;
  }
  return true;
}

std::size_t Scheduler::global_size() const noexcept {
  std::size_t size = 0;
  for (const GlobalQueue& queue : globals_) size += queue.size();
  return size;
}

void Scheduler::run_due_timers() noexcept {
  const std::int64_t now = now_ns();
  for (const auto& p : processors_) p->timers.run_expired(now, kTimersAtOnce);
}

std::int64_t Scheduler::next_timer() const noexcept {
  std::int64_t when = kNever;
  for (const auto& p : processors_) when = std::min(when, p->timers.next_when());
  return when;
}

}  // namespace novelo::rt
