// A machine's life: find a goroutine, switch to it, and do on the scheduler's stack what it left to be done.
#include "sched/machine.h"

#include <cxxabi.h>
#include <sys/prctl.h>

#include <cstdint>
#include <cstdio>
#include <utility>

#include "base/clear_frames.h"
#include "novelo/poll.h"
#include "os/clock.h"
#include "os/cycle_clock.h"
#include "os/vm.h"
#include "sched/safepoint.h"
#include "sched/scheduler.h"
#include "sched/scope.h"
#include "stack/guard.h"

extern "C" {
__thread novelo::rt::Machine* novelo_machine __attribute__((tls_model("initial-exec"))) = nullptr;
}

namespace {
constinit const novelo::rt::Atomic<std::uint32_t> g_nothing_wanted{0};
}
extern "C" {
constinit __thread const novelo::rt::Atomic<std::uint32_t>* novelo_attention
    __attribute__((tls_model("initial-exec"))) = &g_nothing_wanted;
}

namespace novelo::rt {

#if !defined(__x86_64__)
[[gnu::noinline]] Machine* current_machine_slow() noexcept {
  asm volatile("");  // not a pure function: it is called again after each park
  return novelo_machine;
}
#endif

Machine* Scheduler::make_machine() noexcept {
  if (live_machines() >= static_cast<std::size_t>(options_.max_threads)) {
    if (!has_thread_limit_warned_) {
      has_thread_limit_warned_ = true;
      std::fprintf(stderr, "novelo: max_threads (%d) is reached: goroutines wait for a thread\n", options_.max_threads);
    }
    return nullptr;
  }
  if (!free_machines_.empty()) {
    Machine* m = free_machines_.back();
    free_machines_.pop_back();
    if (m->has_thread) pthread_join(m->thread, nullptr);  // it is past its last lock
    m->has_thread = false;
    return m;
  }
  machines_.push_back(std::make_unique<Machine>(static_cast<int>(machines_.size())));
  return machines_.back().get();
}

namespace {

// What is left on the scheduler's stack by goroutines' waits is no reference of the program's. Above are the thread's
// own variables.
class FramesApart {
 public:
  FramesApart() noexcept
      : low_(low_end()),
        apart_(low_, static_cast<std::size_t>(static_cast<char*>(__builtin_frame_address(0)) - low_)) {}
  // The thread's stack is kept for the next thread: what stands there goes.
  ~FramesApart() {
    const std::uintptr_t last = clear_frames_below() & ~(kHeapPageBytes - 1);
    const auto first = (reinterpret_cast<std::uintptr_t>(low_) + kHeapPageBytes - 1) & ~(kHeapPageBytes - 1);
    if (first < last) vm_discard(reinterpret_cast<void*>(first), last - first);
  }
  FramesApart(const FramesApart&) = delete;
  FramesApart& operator=(const FramesApart&) = delete;

 private:
  static char* low_end() noexcept {
    pthread_attr_t attributes;
    void* low = __builtin_frame_address(0);
    std::size_t bytes = 0;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0) return static_cast<char*>(low);
    pthread_attr_getstack(&attributes, &low, &bytes);
    pthread_attr_destroy(&attributes);
    return static_cast<char*>(low);
  }

  char* const low_;
  const VmSetApart apart_;
};

}  // namespace

void* Scheduler::machine_thread(void* argument) {
  const auto start = *static_cast<ThreadStart*>(argument);
  delete static_cast<ThreadStart*>(argument);
  Machine& m = *start.machine;
  char name[16];
  std::snprintf(name, sizeof name, "novelo-m%d", m.index % 100000);
  pthread_setname_np(pthread_self(), name);
  prctl(PR_SET_TIMERSLACK, 1);  // timers are to be precise to microseconds
  SignalStack signal_stack;
  const FramesApart own_frames;
  context_adopt_thread(m.scheduler);
  m.exceptions = reinterpret_cast<ExceptionState*>(abi::__cxa_get_globals());
  novelo_machine = &m;
  start.scheduler->machine_loop(m);
  novelo_machine = nullptr;
  novelo_attention = &g_nothing_wanted;
  return nullptr;
}

void Scheduler::take_stack(Processor& p, Goroutine& g) noexcept {
  constexpr int kTries = 3;  // what the system refuses it may give the next moment
  for (int i = 0; i < kTries && g.stack.bottom == nullptr; ++i) g.stack = stacks_.take(p.stacks, *g.stack_need);
  if (g.stack.bottom == nullptr) {
    fatal(
        "the system refuses memory for the stack of goroutine %llu: address space (RLIMIT_AS) or mappings "
        "(vm.max_map_count) are used up",
        static_cast<unsigned long long>(g.id.load(relaxed)));
  }
  g.is_overflow_told = false;
}

void Scheduler::warm(Goroutine& g) noexcept {
  cold_stacks_.restore(std::exchange(g.cold, nullptr));
  g.stack.is_cold = false;
}

void Scheduler::begin_metered(Machine& m, const Goroutine& g) noexcept {
  const std::uint64_t now = cycles_now();
  if (now > g.runnable_since_cycles) charge(g.accounts, Charge::kRunnableCycles, now - g.runnable_since_cycles);
  begin_slice(m, g);
}

void Scheduler::end_metered(Machine& m, const Goroutine& g) noexcept {
  end_slice(m, g);
  if (m.reason == SwitchReason::kPark) charge(g.accounts, Charge::kParks, 1);
}

// Inlined for the same reason as wait(): machine_loop() never returns to anybody.
// False: it is to run later.
[[gnu::always_inline]] inline bool Scheduler::execute(Machine& m, Goroutine* g) noexcept {
  Processor& p = *m.processor.load(relaxed);
  m.running.store(g, release);  // [machine-running] with sysmon_pass(): the record it finds has been made
  light_barrier();              // [gc-run] with the collector's heavy_barrier()
  if (collector_is_active.load(acquire)) [[unlikely]] {  // [gc-active]
    if (!collector_hooks.before_run(m, *g)) {
      m.running.store(nullptr, release);  // [gc-run]
      return false;
    }
  }
  if (g->stack.bottom == nullptr) {
    g->stack_need = &g->body.stack_need();
    take_stack(p, *g);
    context_make(g->context, g->stack.bottom, g->stack.size - g->stack.colour(), &Scheduler::goroutine_main, g);
  }
  if (g->stack.is_cold) [[unlikely]]
    warm(*g);
  if (g->runnable_since_ns != 0) {
    p.latency.add(now_ns() - g->runnable_since_ns);
    g->runnable_since_ns = 0;
  }
  g->set_state(GoroutineState::kRunning);
  if (g->accounts != nullptr) [[unlikely]]
    begin_metered(m, *g);
  *m.exceptions = g->exceptions;
  m.current = g;
  novelo_attention = &g->attention;
  m.in_runtime.store(0, release);  // [retake] from here on sysmon may take the processor
  context_switch(m.scheduler, g->context);
  m.in_runtime.store(1, relaxed);
  light_barrier();  // [retake] with sysmon's heavy_barrier()
  while (m.retake_pending.load(acquire) != 0) futex_wait(m.retake_pending, 1);  // [retake]
  if (m.slice_began.load(relaxed) != 0) [[unlikely]]
    end_metered(m, *g);
  m.running.store(nullptr, release);  // [gc-run] what the goroutine did is seen
  m.current = nullptr;
  g->exceptions = *m.exceptions;
  *m.exceptions = {};
  return true;
}

std::vector<Machine*> Scheduler::machines() {
  std::vector<Machine*> all;
  const LockGuard guard(idle_lock_);
  for (const auto& m : machines_) all.push_back(m.get());
  return all;
}

void Scheduler::machine_loop(Machine& m) noexcept {
  while (Goroutine* g = find_work(m)) {
    if (g->locked_machine != nullptr) [[unlikely]] {
      give_to_its_machine(m, g);
      continue;
    }
    if (!execute(m, g)) continue;
    after_switch(m, g);
    if (m.locked != nullptr) [[unlikely]] {
      run_locked(m);
      if (m.locked != nullptr) {
        end_locked_machine(m);
        return;
      }
    }
  }
  if (Processor* p = m.processor.load(relaxed)) {
    stacks_.drain(p->stacks);
    detach(m);
  }
}

// After the first switch away from a goroutine that had locked itself to this machine: runs nothing else until it has
// unlocked itself, or ended; then m.locked is still set.
void Scheduler::run_locked(Machine& m) noexcept {
  while (m.locked != nullptr && m.reason != SwitchReason::kExit) {
    if (m.processor.load(relaxed) != nullptr) hand_off(*detach(m));
    {
      LockGuard guard(idle_lock_);
      ++idle_machines_;
      if (m.wake_word.load(relaxed) == 0) check_deadlock();
    }
    // [machine-wake] acquire, with give_to_its_machine()
    while (m.wake_word.load(acquire) == 0) futex_wait(m.wake_word, 0);
    m.wake_word.store(0, relaxed);
    attach(m, *m.given_processor);
    Goroutine* g = std::exchange(m.given_goroutine, nullptr);
    m.given_processor->note_class(g->priority.load(relaxed));
    if (execute(m, g)) after_switch(m, g);
  }
}

// The goroutine is off its stack; the processor may have been taken meanwhile.
void Scheduler::after_switch(Machine& m, Goroutine* g) noexcept {
  switch (m.reason) {
    case SwitchReason::kPark: {
      if (Processor* p = m.processor.load(relaxed)) {
        count(p->parks[static_cast<std::size_t>(g->wait_reason.load(relaxed))], std::uint64_t{1});
      }
      const bool is_cancellable = m.is_cancellable;
      g->waiting_since_ns.store(about_now_ns_.load(relaxed), relaxed);
      g->set_state(GoroutineState::kWaiting);
      WaitRecord& record = g->wait;
      record.arm(is_cancellable);
      // [wait-cancel] read after the arming: either we see the canceller's flag or it sees the armed record
      const bool is_cancelled = is_cancellable && (g->attention.load(relaxed) & kAttentionCancel) != 0;
      const std::uint64_t ticket = record.next_ticket() - 1;
      m.commit(m.commit_argument);
      // From here on `g` may be running elsewhere: only its record may be touched, with the ticket.
      if (is_cancelled && record.try_win(ticket, WakeCause::kCancel)) ready(g);
      return;
    }
    case SwitchReason::kYield:
      ready_yielded(m, g);
      return;
    case SwitchReason::kRequeue:
      ready_last(g);
      return;
    case SwitchReason::kExit:
      finish_exit(m, g);
      return;
  }
}

void Scheduler::finish_exit(Machine& m, Goroutine* g) noexcept {
  context_destroy(g->context);
  g->set_state(GoroutineState::kDead);
  Processor* p = m.processor.load(relaxed);
  if (g->stack.is_reserve_open) [[unlikely]]
    is_looked_up.fetch_sub(1, relaxed);
  if (p != nullptr) {
    stacks_.give(p->stacks, g->stack, *g->stack_need);
  } else {
    StackClasses::Cache passing;
    stacks_.give(passing, g->stack, *g->stack_need);
    stacks_.drain(passing);
  }
  g->stack.bottom = nullptr;
  g->exceptions = {};
  keep_record(p, g);
}

}  // namespace novelo::rt
