// Changing max_procs while goroutines run. Nothing stops: new processors join the idle ones; one too many is retired,
// and whoever holds it gives it up when it next looks for work, or sysmon takes it away. What is in its queue goes to
// the global one; its timers stay where they are, because others hold pointers to them, and the processors that are
// left run them.
#include <string>
#include <vector>

#include "novelo/error.h"
#include "os/clock.h"
#include "os/cpu_count.h"
#include "sched/scheduler.h"

namespace novelo::rt {

int Scheduler::set_max_procs(int n) {
  if (n > static_cast<int>(ProcessorTable::kMax)) {
    throw RuntimeError("set_max_procs(" + std::to_string(n) + "): the limit is " +
                       std::to_string(ProcessorTable::kMax));
  }
  if (n < 1 || choices_ != nullptr) return max_procs();
  follows_system_.store(false, relaxed);
  return resize(n);
}

void Scheduler::follow_system() {
  if (follows_system_.load(relaxed)) resize(default_max_procs());
}

int Scheduler::resize(int n) {
  const auto wanted = static_cast<std::size_t>(n);
  int before = 0;
  std::vector<Processor*> were_idle;  // and are too many now: in nobody's hands but ours
  {
    LockGuard guard(idle_lock_);
    before = procs_.load(relaxed);
    if (n == before) return before;
    for (std::size_t i = 0; i < processors_.size(); ++i) {
      Processor& p = processors_[i];
      p.is_retired.store(i >= wanted, relaxed);
      if (i < wanted && p.is_shelved) {
        p.is_shelved = false;
        push_idle_processor(p);
      }
    }
    while (processors_.size() < wanted) push_idle_processor(processors_.add());
    Processor** link = &idle_processor_list_;
    while (Processor* p = *link) {
      if (!p->is_retired.load(relaxed)) {
        link = &p->next_idle;
        continue;
      }
      *link = p->next_idle;
      idle_processors_.fetch_sub(1, seq_cst);  // [work-wake]
      were_idle.push_back(p);
    }
    procs_.store(n, relaxed);
  }
  for (Processor* p : were_idle) shelve(*p);
  for (std::size_t i = wanted; i < processors_.size(); ++i) {
    const Machine* m = processors_[i].machine.load(acquire);  // [p-owner] with attach()
    if (m == nullptr) continue;
    // [machine-running] with execute(): a hint, as in sysmon_pass()
    if (Goroutine* g = m->running.load(acquire)) g->attention.fetch_or(kAttentionPreempt, relaxed);
  }
  wake_processor();
  return before;
}

void Scheduler::shelve(Processor& p) noexcept {
  for (RunQueue& queue : p.queues) {
    while (Goroutine* g = queue.pop().goroutine) global(g->priority.load(relaxed)).push(g);
  }
  stacks_.drain(p.stacks);
  Heap::get().drain(p.cells);
  {
    LockGuard guard(idle_lock_);
    if (p.is_retired.load(relaxed)) {
      p.is_shelved = true;
    } else {  // wanted again meanwhile
      push_idle_processor(p);
    }
  }
  wake_processor();
  if (const std::int64_t when = p.timers.next_when(); when != kNever) timer_moved_up(when);
}

void Scheduler::retire(Machine& m) noexcept {
  Processor& p = *detach(m);
  if (m.is_spinning) {
    m.is_spinning = false;
    spinning_.fetch_sub(1, seq_cst);  // [work-wake]
  }
  shelve(p);
}

void Scheduler::run_retired_timers() noexcept {
  const std::int64_t now = now_ns();
  for (auto i = static_cast<std::size_t>(procs_.load(relaxed)); i < processors_.size(); ++i) {
    if (processors_[i].timers.next_when() <= now) processors_[i].timers.run_expired(now);
  }
}

}  // namespace novelo::rt

namespace novelo {

int max_procs() {
  return rt::require_scheduler().max_procs();
}
int set_max_procs(int n) {
  return rt::require_scheduler().set_max_procs(n);
}

}  // namespace novelo
