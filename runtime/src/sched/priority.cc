// Classes of goroutines: latency before normal before batch. Three rules, and all of them cost a program that has one
// class a test of one flag:
//
//   the pick     takes the highest class that has somebody in the processor's queues; before batch work runs, the
//                other processors are asked for something better
//   the wake-up  of a goroutine, when no processor is idle, asks one that runs a lower class to give way at its next
//                runtime call; if it makes none, sysmon takes the processor after kOvertakenSliceNs
//   aging        a class that was passed over for kPatienceNs is served once, for a slice that nobody cuts short but
//                sysmon, at kOvertakenSliceNs
#include <algorithm>

#include "novelo/error.h"
#include "novelo/go.h"
#include "os/clock.h"
#include "sched/scheduler.h"

namespace novelo::rt {
namespace {

constexpr std::array<std::int64_t, kPriorities> kPatienceNs = {0, 10'000'000, 50'000'000};
constexpr std::array kLower = {Priority::kNormal, Priority::kBatch};

std::size_t index(Priority priority) noexcept {
  return static_cast<std::size_t>(priority);
}

}  // namespace

Priority Scheduler::set_priority(Goroutine& g, Priority priority) noexcept {
  const Priority before = g.priority.load(relaxed);
  if (before == priority) return before;
  g.priority.store(priority, relaxed);
  has_priorities_.store(true, relaxed);
  if (priority > before) g.attention.fetch_or(kAttentionPreempt, relaxed);
  const PinnedProcessor p;
  if (p) p->note_class(priority);
  return before;
}

Goroutine* Scheduler::next_by_priority(Processor& p) noexcept {
  const std::int64_t now = now_coarse_ns();
  for (const Priority lower : kLower) {
    std::int64_t& served = p.served_ns[index(lower)];
    if (served == 0 || (p.queue(lower).is_empty() && global(lower).is_empty())) {
      served = now;
    } else if (now - served >= kPatienceNs[index(lower)]) {
      served = now;
      if (Goroutine* g = next_of(p, lower)) {
        p.note_class(Priority::kLatency, true);
        return g;
      }
    }
  }
  for (const Priority priority : {Priority::kLatency, Priority::kNormal, Priority::kBatch}) {
    if (priority == Priority::kBatch) {
      if (Goroutine* g = steal_above(p, priority)) return g;
    }
    if (Goroutine* g = next_of(p, priority)) {
      p.served_ns[index(priority)] = now;
      p.note_class(priority);
      return g;
    }
  }
  return nullptr;
}

// Requires: the processor's own queues of these classes are empty.
Goroutine* Scheduler::steal_above(Processor& p, Priority priority) noexcept {
  if (p.queue(priority).is_empty() && global(priority).is_empty()) return nullptr;  // steal() will do it
  for (std::size_t i = 0; i < processors_.size(); ++i) {
    Processor& victim = processors_[i];
    for (std::size_t above = 0; &victim != &p && above < index(priority); ++above) {
      if (victim.queues[above].is_empty()) continue;
      if (Goroutine* g = steal_of(p, victim, static_cast<Priority>(above), RunQueue::Next::kTake)) return g;
    }
  }
  return nullptr;
}

Goroutine* Scheduler::steal_of(Processor& p, Processor& victim, Priority priority, RunQueue::Next next) noexcept {
  Goroutine* g = p.queue(priority).steal_half(victim.queue(priority), next);
  if (g == nullptr) return nullptr;
  p.note_class(priority);
  count(p.steals, std::uint64_t{1});
  p.tick.store(p.tick.load(relaxed) + 1, relaxed);
  return g;
}

// Whether somebody of a higher class waits for what the processor runs, or it runs on patience.
bool Scheduler::is_overtaken(const Processor& p) const noexcept {
  if (p.is_aged.load(relaxed)) return true;
  for (std::size_t i = 0; i < index(p.running.load(relaxed)); ++i) {
    if (!p.queues[i].is_empty() || !globals_[i].is_empty()) return true;
  }
  return false;
}

// One of that class was made runnable. A hint, without order: what it misses is found at the end of a slice.
void Scheduler::preempt_for(Priority priority) noexcept {
  if (priority == Priority::kBatch || idle_processors_.load(relaxed) > 0) return;
  const Machine* lowest = nullptr;
  Priority lowest_runs = priority;
  for (const auto& p : processors_) {
    const Priority runs = p->running.load(relaxed);
    if (runs <= lowest_runs) continue;
    const Machine* m = p->machine.load(acquire);  // [p-owner] with attach()
    if (m == nullptr) continue;
    lowest = m;
    lowest_runs = runs;
  }
  if (lowest == nullptr) return;
  // [machine-running] with execute(): as in sysmon_pass()
  if (Goroutine* g = lowest->running.load(acquire)) g->attention.fetch_or(kAttentionPreempt, relaxed);
}

}  // namespace novelo::rt

namespace novelo {

Priority set_priority(Priority priority) {
  rt::Goroutine* g = rt::current_goroutine();
  if (g == nullptr) throw RuntimeError("set_priority() called outside a goroutine");
  return rt::scheduler()->set_priority(*g, priority);
}

Priority current_priority() noexcept {
  const rt::Goroutine* g = rt::current_goroutine();
  return g == nullptr ? Priority::kNormal : g->priority.load(rt::relaxed);
}

}  // namespace novelo
