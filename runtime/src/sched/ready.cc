// Making a goroutine runnable. On a machine with a processor it becomes that processor's runnext: what made it ready is
// still warm. Machines without one, and foreign threads, go through the shared queues.
#include "os/clock.h"
#include "os/cycle_clock.h"
#include "sched/scheduler.h"

namespace novelo::rt {
namespace {
constexpr std::uint32_t kLatencySampling = 32;  // one wait in so many is timed: two looks at the clock
}

void Scheduler::become_runnable(Goroutine& g) noexcept {
  g.set_state(GoroutineState::kRunnable);
  if (g.accounts != nullptr) [[unlikely]]
    g.runnable_since_cycles = cycles_now();
}

void Scheduler::enqueue_ring(Processor& p, Goroutine* g) noexcept {
  RunQueue& queue = p.queue(g->priority.load(relaxed));
  while (!queue.push(g)) {
    // Full: half of it and `g` go to the global queue, where other processors find them.
    Goroutine* batch[RunQueue::kCapacity / 2 + 1];
    const std::uint32_t taken = queue.take_half(batch);
    if (taken == 0) continue;  // thieves made room meanwhile
    batch[taken] = g;
    global(g->priority.load(relaxed)).push_batch(batch, taken + 1);
    return;
  }
}

// Ends with a full fence on every way: push_next() is one.
void Scheduler::enqueue_local(Processor& p, Goroutine* g) noexcept {
  if ((++p.latency_sample % kLatencySampling) == 0) g->runnable_since_ns = now_ns();
  if (Goroutine* displaced = p.queue(g->priority.load(relaxed)).push_next(g)) {
    enqueue_ring(p, displaced);
    full_fence();  // [work-wake]
  }
}

void Scheduler::ready(Goroutine* g) noexcept {
  become_runnable(*g);
  const Priority priority = g->priority.load(relaxed);
  {
    PinnedProcessor p;
    if (p) {
      enqueue_local(*p.get(), g);
    } else {
      if (p.machine() != nullptr) {
        global(g->priority.load(relaxed)).push(g);
      } else {
        global(g->priority.load(relaxed)).inject(g);
      }
      full_fence();  // [work-wake]
    }
  }
  wake_processor_if_idle();
  if (has_priorities()) [[unlikely]]
    preempt_for(priority);
}

// The ring is as good as the global queue when that is empty, at a third of the cost: what stands in the ring goes
// first, and every kGlobalEvery-th goroutine still comes from the global queue.
//
// Nobody is woken: `g` ran until now, so there is no more work to do than before. Whoever made the others in the ring
// runnable has looked for an idle processor, and one that goes idle from now on sees `g`, which stands in the ring
// before the next one is taken out.
void Scheduler::ready_yielded(Machine& m, Goroutine* g) noexcept {
  Processor* p = m.processor.load(relaxed);
  if (p == nullptr || !global(g->priority.load(relaxed)).is_empty()) {
    ready_last(g);
    return;
  }
  become_runnable(*g);
  enqueue_ring(*p, g);
}

void Scheduler::ready_last(Goroutine* g) noexcept {
  become_runnable(*g);
  requeue(g);
}

void Scheduler::requeue(Goroutine* g) noexcept {
  global(g->priority.load(relaxed)).push(g);
  wake_processor();
}

}  // namespace novelo::rt
