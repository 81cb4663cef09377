// Passing a processor on: from a goroutine that says it will block its thread (BlockingSection), and from one that
// overruns its slice without a call of the runtime, found by sysmon.
#include "novelo/go.h"
#include "os/clock.h"
#include "sched/park.h"
#include "sched/safepoint.h"
#include "sched/scheduler.h"

namespace novelo::rt {

// The processor is free: give it to a machine if there is anything to do, else put it with the idle ones.
void Scheduler::hand_off(Processor& p) noexcept {
  handoffs_.fetch_add(1, relaxed);
  if (p.is_retired.load(relaxed)) {
    shelve(p);
    return;
  }
  if ((p.has_runnable() || !is_global_empty()) && give_processor(p, false)) return;
  put_idle_processor(p);
  full_fence();  // [work-wake] between the giving up before and the looking after
  if (is_work_anywhere()) {
    wake_processor();
  } else if (const std::int64_t when = next_timer(); when != kNever) {
    timer_moved_up(when);  // somebody has to keep time
  }
}

bool Scheduler::retake(Processor& p) noexcept {
  Machine* m = p.machine.load(acquire);  // [p-owner] with acquire()
  if (m == nullptr) return false;
  m->retake_pending.store(1, relaxed);
  heavy_barrier();  // [retake] with the light barrier of PinnedProcessor and execute()
  // [retake] acquire: seeing 0, we see all that the machine did with the processor
  const bool is_free = m->in_runtime.load(acquire) == 0 && m->processor.load(relaxed) == &p;
  if (is_free) {
    m->processor.store(nullptr, relaxed);
    p.machine.store(nullptr, relaxed);
  }
  m->retake_pending.store(0, release);  // [retake] the machine sees what we did to its processor
  futex_wake(m->retake_pending, 1);
  if (is_free) hand_off(p);
  return is_free;
}

void Scheduler::enter_blocking() noexcept {
  PinnedProcessor pinned;
  Machine& m = *pinned.machine();
  const Goroutine& g = *m.current;
  if (g.accounts != nullptr) {
    end_slice(m, g);
    charge(g.accounts, Charge::kParks, 1);
  }
  if (choices_ != nullptr) return;  // nobody else runs meanwhile: how long it takes must not matter
  m.allocator = nullptr;
  m.is_in_blocking.store(true, release);  // [gc-blocking] with shake_hands()
  if (!pinned) return;                    // it was retaken already
  Processor* p = detach(m);
  count(p->parks[static_cast<std::size_t>(WaitReason::kBlocking)], std::uint64_t{1});
  hand_off(*p);
}

void Scheduler::leave_blocking() {
  bool has_processor = choices_ != nullptr;
  {
    PinnedProcessor pinned;
    Machine& m = *pinned.machine();
    m.is_in_blocking.store(false, relaxed);
    light_barrier();   // [gc-run] with the collector's heavy_barrier()
    collector_poll();  // without leaving: blocking_sp is still there
    m.current->blocking_sp.store(nullptr, relaxed);
    Processor* p = choices_ == nullptr ? take_idle_processor() : nullptr;
    if (p != nullptr) {
      attach(m, *p);
      p->note_class(m.current->priority.load(relaxed));
      has_processor = true;
    }
    if (has_processor && m.current->accounts != nullptr) begin_slice(m, *m.current);
  }
  if (has_processor) {
    collector_poll();
  } else {
    leave_for(SwitchReason::kRequeue);  // until one is free it waits in the global queue, without the thread
  }
}

void BlockingSection::begin() {
  Goroutine* g = current_goroutine();
  if (g == nullptr) throw RuntimeError("blocking() called outside a goroutine");
  before_blocking();
  if (!is_findable()) enter_scope_list();
  g->waiting_since_ns.store(now_coarse_ns(), relaxed);
  g->wait_reason.store(WaitReason::kBlocking, relaxed);
  // The frames of who called this lie above its own.
  g->blocking_sp.store(static_cast<const char*>(__builtin_frame_address(0)),
                       release);  // [gc-blocking] with scan_goroutines()
  scheduler()->enter_blocking();
}

BlockingSection::~BlockingSection() {
  current_goroutine()->wait_reason.store(WaitReason::kNone, relaxed);
  scheduler()->leave_blocking();
}

}  // namespace novelo::rt
