// lock_os_thread(): a goroutine and a machine that belong to each other. When the goroutine waits, its machine gives up
// its processor and sleeps; whoever finds the goroutine runnable lends that machine the processor it has.
#include "novelo/go.h"
#include "sched/scheduler.h"

namespace novelo::rt {

// `g` was found by a machine that may not run it: its own one sleeps, or is about to, in run_locked() of machine.cc.
void Scheduler::give_to_its_machine(Machine& m, Goroutine* g) noexcept {
  Machine& own = *g->locked_machine;
  Processor& p = *detach(m);
  {
    LockGuard guard(idle_lock_);
    own.given_processor = &p;
    own.given_goroutine = g;
    --idle_machines_;
    own.wake_word.store(1, release);  // [machine-wake] with run_locked()
  }
  futex_wake(own.wake_word, 1);
}

// What its goroutine did to the thread must not be met by another one.
void Scheduler::end_locked_machine(Machine& m) noexcept {
  m.locked = nullptr;
  if (m.processor.load(relaxed) != nullptr) hand_off(*detach(m));
  LockGuard guard(idle_lock_);
  free_machines_.push_back(&m);
  check_deadlock();
}

}  // namespace novelo::rt

namespace novelo {

void lock_os_thread() {
  rt::Goroutine* g = rt::current_goroutine();
  if (g == nullptr) throw RuntimeError("lock_os_thread() called outside a goroutine");
  if (g->thread_locks++ > 0) return;
  rt::Machine& m = *rt::current_machine();
  m.wake_word.store(0, rt::relaxed);  // left from when it was last woken; the next to set it is give_to_its_machine()
  m.locked = g;
  g->locked_machine = &m;
}

void unlock_os_thread() {
  rt::Goroutine* g = rt::current_goroutine();
  if (g == nullptr) throw RuntimeError("unlock_os_thread() called outside a goroutine");
  if (g->thread_locks == 0) throw RuntimeError("unlock_os_thread() without lock_os_thread()");
  if (--g->thread_locks > 0) return;
  rt::current_machine()->locked = nullptr;
  g->locked_machine = nullptr;
}

}  // namespace novelo
