// Going idle and being woken: who must wake whom.
//
// The handshake [work-wake]. Whoever makes work:   publish it;  fence;  look for an idle processor and no spinner.
// Whoever goes idle:                               give the processor up (and stop spinning);  fence;  look for work.
// Without either fence both may look before the other's store is seen: the work would lie there while a processor is
// idle. A machine that spins counts as "looking", so whoever stops because it found something passes the duty on
// (stop_spinning() wakes another).
//
// The handshake [timer-sleep] is the same between who arms a timer and the machine that sleeps until the next one.
#include "os/clock.h"
#include "sched/scheduler.h"

namespace novelo::rt {

void Scheduler::attach(Machine& m, Processor& p) noexcept {
  NOVELO_DCHECK(m.processor.load(relaxed) == nullptr && p.machine.load(relaxed) == nullptr);
  about_now_ns_.store(now_coarse_ns(), relaxed);
  p.machine.store(&m, release);  // [p-owner] with retake()'s acquire
  m.processor.store(&p, relaxed);
}

Processor* Scheduler::detach(Machine& m) noexcept {
  Processor* p = m.processor.load(relaxed);
  p->machine.store(nullptr, relaxed);
  m.processor.store(nullptr, relaxed);
  return p;
}

void Scheduler::push_idle_processor(Processor& p) noexcept {
  p.next_idle = idle_processor_list_;
  idle_processor_list_ = &p;
  idle_processors_.fetch_add(1, seq_cst);  // [work-wake]
}

void Scheduler::put_idle_processor(Processor& p) noexcept {
  {
    LockGuard guard(idle_lock_);
    if (!p.is_retired.load(relaxed)) {
      push_idle_processor(p);
      return;
    }
  }
  shelve(p);  // one too many since its holder last looked
}

Processor* Scheduler::take_idle_processor() noexcept {
  if (idle_processors_.load(relaxed) == 0) return nullptr;
  LockGuard guard(idle_lock_);
  Processor* p = idle_processor_list_;
  if (p != nullptr) {
    idle_processor_list_ = p->next_idle;
    idle_processors_.fetch_sub(1, seq_cst);  // [work-wake]
  }
  return p;
}

void Scheduler::wake_idle_processor() noexcept {
  std::int32_t none = 0;
  if (!spinning_.compare_exchange_strong(none, 1, seq_cst, relaxed)) return;  // [work-wake] another wakes one now
  Processor* p = take_idle_processor();
  if (p == nullptr) {
    spinning_.fetch_sub(1, seq_cst);  // [work-wake]
    return;
  }
  if (!give_processor(*p, true)) {
    spinning_.fetch_sub(1, seq_cst);  // [work-wake]
    put_idle_processor(*p);
  }
}

// Wakes an idle machine with the processor, or starts a new one. With `spinning`, the caller has counted it already.
bool Scheduler::give_processor(Processor& p, bool spinning) noexcept {
  Machine* m = nullptr;
  {
    LockGuard guard(idle_lock_);
    m = idle_machine_list_;
    if (m != nullptr) {
      idle_machine_list_ = m->next_idle;
      --idle_machines_;
      m->given_processor = &p;
      m->given_spinning = spinning;
      m->wake_word.store(1, release);  // [machine-wake] with sleep_until_given()
    } else {
      if (is_stopping_.load(relaxed)) return false;
      m = make_machine();
      if (m == nullptr) return false;
      m->is_spinning = spinning;
      attach(*m, p);
      // Under the lock, so that the destructor sees either no machine or one with its thread.
      m->has_thread = pthread_create(&m->thread, nullptr, &machine_thread, new ThreadStart{this, m}) == 0;
      if (!m->has_thread) {
        detach(*m);
        free_machines_.push_back(m);
        return false;
      }
      wake_sysmon();
      return true;
    }
  }
  futex_wake(m->wake_word, 1);
  wake_sysmon();
  return true;
}

Scheduler::Slept Scheduler::sleep_until_given(Machine& m) noexcept {
  {
    LockGuard guard(idle_lock_);
    if (is_stopping_.load(relaxed)) return Slept::kGiven;  // with nothing: find_work() sees the end
    m.wake_word.store(0, relaxed);
    m.next_idle = idle_machine_list_;
    idle_machine_list_ = &m;
    ++idle_machines_;
    check_deadlock();
  }
  // [machine-wake] acquire, with the release of whoever gives: given_processor is seen
  std::int64_t patience = steady_ns() + thread_idle_timeout_ns_;
  while (m.wake_word.load(acquire) == 0) {
    futex_wait_until(m.wake_word, 0, patience);
    if (steady_ns() < patience) continue;
    if (end_idle_machine(m)) return Slept::kEnded;
    patience = steady_ns() + thread_idle_timeout_ns_;
  }
  if (m.given_processor == nullptr) return Slept::kGiven;  // the end
  m.is_spinning = m.given_spinning;
  attach(m, *m.given_processor);
  return Slept::kGiven;
}

// A machine for each processor stays, so that only what blocking calls once needed goes.
bool Scheduler::end_idle_machine(Machine& m) noexcept {
  LockGuard guard(idle_lock_);
  if (m.wake_word.load(relaxed) != 0 || is_stopping_.load(relaxed)) return false;
  if (live_machines() <= static_cast<std::size_t>(max_procs())) return false;
  Machine** link = &idle_machine_list_;
  while (*link != &m) link = &(*link)->next_idle;
  *link = m.next_idle;
  --idle_machines_;
  free_machines_.push_back(&m);
  return true;
}

void Scheduler::go_idle(Machine& m) noexcept {
  put_idle_processor(*detach(m));
  const bool was_spinning = m.is_spinning;
  if (was_spinning) {
    m.is_spinning = false;
    spinning_.fetch_sub(1, seq_cst);  // [work-wake]
  }
  full_fence();  // [work-wake] between the giving up before and the looking after
  if (is_work_anywhere() || next_timer() <= now_ns()) {
    if (Processor* p = take_idle_processor()) {
      attach(m, *p);
      if (was_spinning) {
        m.is_spinning = true;
        spinning_.fetch_add(1, seq_cst);  // [work-wake]
      }
      return;
    }
  }
  if (keep_time()) {
    if (Processor* p = take_idle_processor()) {
      attach(m, *p);
      m.is_spinning = true;
      spinning_.fetch_add(1, seq_cst);  // [work-wake]
    }
  }
  // Without a processor find_work() puts the machine to sleep.
}

// Sleeps until the next timer is due, if there is one and nobody else does that.
bool Scheduler::keep_time() noexcept {
  std::int64_t when = next_timer();
  if (when == kNever) return false;
  std::int64_t none = 0;
  // [timer-sleep] seq_cst: says when it will wake, then looks at the timers again
  if (!timekeeper_until_.compare_exchange_strong(none, when, seq_cst, relaxed)) return false;
  const std::uint32_t word = timekeeper_word_.load(seq_cst);  // [timer-sleep] before the second look
  when = next_timer();
  timekeeper_until_.store(when, seq_cst);  // [timer-sleep]
  {
    LockGuard guard(idle_lock_);
    ++idle_machines_;
  }
  // Without timers there is nothing to sleep for: one more look around, and then asleep like the others.
  if (when != kNever && !is_stopping_.load(acquire)) futex_wait_until(timekeeper_word_, word, when);  // [stop]
  {
    LockGuard guard(idle_lock_);
    --idle_machines_;
  }
  timekeeper_until_.store(0, seq_cst);  // [timer-sleep]
  return true;
}

// Called when one more machine has gone to sleep: with all of them asleep and nothing that could wake one, nothing will
// ever run again.
void Scheduler::check_deadlock() noexcept {
  if (idle_machines_ != static_cast<std::int32_t>(live_machines())) return;
  if (runs_.load(relaxed) == 0 || posters_.load(relaxed) != 0 || num_goroutines() == 0) return;
  if (is_work_anywhere() || next_timer() != kNever) return;
  is_deadlocked_.store(true, release);  // [deadlock] with take_deadlock()
  run_changed();
}

// Under the lock: a check that comes before has read its counts before, so that whatever this poster then starts, and
// counts as alive before it is in a queue, is not taken for a goroutine that nobody will wake.
void Scheduler::add_poster() noexcept {
  LockGuard guard(idle_lock_);
  posters_.fetch_add(1, relaxed);
}

void Scheduler::remove_poster() noexcept {
  LockGuard guard(idle_lock_);
  posters_.fetch_sub(1, relaxed);
  check_deadlock();
}

void Scheduler::begin_run() noexcept {
  LockGuard guard(idle_lock_);
  runs_.fetch_add(1, relaxed);
}

// Under the lock: no check that began during this run finds a deadlock after it.
void Scheduler::end_run() noexcept {
  LockGuard guard(idle_lock_);
  runs_.fetch_sub(1, relaxed);
}

void Scheduler::timer_moved_up(std::int64_t when) noexcept {
  full_fence();  // [timer-sleep] between the arming before and the looking after
  const std::int64_t until = timekeeper_until_.load(seq_cst);
  if (until == 0) {
    wake_processor();  // nobody keeps time: whoever wakes now will, when it finds nothing else
  } else if (when < until) {
    timekeeper_word_.fetch_add(1, seq_cst);
    futex_wake(timekeeper_word_, 1);
  }
}

}  // namespace novelo::rt
