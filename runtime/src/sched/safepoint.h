// runtime/src/sched/safepoint.h
// Where the collector plugs in: what a machine does for it before it runs a goroutine and at a goroutine's calls.
//
//   who        gc/ sets the hooks once and changes collector_is_active; the scheduler and calls of the runtime ask
//   cost       while no collection runs, a load and a branch
//   invariants [gc-run] a machine that is about to run a goroutine says so in Machine::running, and then asks; the
//              collector changes what it wants, makes a heavy barrier, and then looks who runs. So either the machine
//              finds out before the goroutine's first instruction, or the collector sees the goroutine and waits for a
//              call of its
#pragma once

#include "base/atomic.h"

namespace novelo::rt {

class Scheduler;
struct Goroutine;
struct Machine;

struct CollectorHooks {
  // On the scheduler's stack: answers what the collector wants, and looks through the goroutine's stack if that is due.
  // False: the goroutine waits until the collector has done that and puts it into a queue again.
  bool (*before_run)(Machine& m, Goroutine& g) noexcept;
  // The same by a running goroutine, of itself. May let others go first, and come back on another machine.
  void (*poll)() noexcept;
  // Its machines will run no goroutine again.
  void (*scheduler_gone)(Scheduler& scheduler) noexcept;
};
extern CollectorHooks collector_hooks;
extern Atomic<bool> collector_is_active;  // a collection runs

inline void collector_poll() noexcept {
  // [gc-active] acquire: seeing that the collection has ended, what the collector did for this machine is seen
  if (collector_is_active.load(acquire)) [[unlikely]]
    collector_hooks.poll();
}

}  // namespace novelo::rt
