// The life of a scheduler: its processors are made at once, its machines as they are needed.
#include "sched/scheduler.h"

#include <sys/prctl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>
#include <tuple>

#include "novelo/error.h"
#include "os/cpu_count.h"
#include "os/vm.h"
#include "sched/debugger_table.h"
#include "sched/overflow.h"
#include "sched/safepoint.h"
#include "sched/scope.h"
#include "stack/guard.h"

namespace novelo::rt {
namespace {

Atomic<Scheduler*> g_scheduler{nullptr};
Atomic<std::uint64_t> g_generation{1};

int procs_wanted(const RuntimeOptions& options) noexcept {
  if (options.seed.has_value()) return 1;
  return options.max_procs > 0 ? options.max_procs : default_max_procs();
}

template <class Names>
Names names_of(auto name_of) {
  Names names{};
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = name_of(i);
  return names;
}
using StateNames = std::array<const char*, 4>;
using ReasonNames = std::array<const char*, static_cast<std::size_t>(WaitReason::kCount)>;
const auto kStateNames =
    names_of<StateNames>([](std::size_t i) { return goroutine_state_name(static_cast<GoroutineState>(i)); });
const auto kReasonNames =
    names_of<ReasonNames>([](std::size_t i) { return wait_reason_name(static_cast<WaitReason>(i)); });

}  // namespace

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winvalid-offsetof"  // which all compilers know for these
struct DebuggerPlaces {
  static consteval std::uint64_t slabs() { return offsetof(Scheduler, slabs_); }
  static consteval std::uint64_t slab_records() { return std::tuple_size_v<decltype(Scheduler::Slab::records)>; }
};
extern "C" {
extern const DebuggerTable novelo_debugger_table;
[[gnu::used]] constinit const DebuggerTable novelo_debugger_table = {
    .version = 2,
    .scheduler = &g_scheduler,
    .slabs = DebuggerPlaces::slabs(),
    .slab_records = DebuggerPlaces::slab_records(),
    .record_bytes = sizeof(Goroutine),
    .id = offsetof(Goroutine, id),
    .state = offsetof(Goroutine, state),
    .wait_reason = offsetof(Goroutine, wait_reason),
    .name = offsetof(Goroutine, name_bytes),
    .sp = offsetof(Goroutine, context.sp),
    .stack_bottom = offsetof(Goroutine, stack.bottom),
    .created_at = offsetof(Goroutine, created_at),
    .is_cold = offsetof(Goroutine, stack.is_cold),
    .cold = offsetof(Goroutine, cold),
    .cold_begin = offsetof(ColdStack, begin),
    .cold_words = offsetof(ColdStack, words),
    .cold_state = offsetof(ColdStack, state),
    .cold_bits = sizeof(ColdStack),
    .context_bytes = kContextFrameBytes,
    .frame_pointer = kContextFramePointer,
    .return_address = kContextReturn,
    .state_names = kStateNames.data(),
    .reason_names = kReasonNames.data(),
};
}
#pragma GCC diagnostic pop

Scheduler* scheduler() noexcept {
  return g_scheduler.load(acquire);
}  // [scheduler-alive] with the constructor

Scheduler& require_scheduler() {
  Scheduler* s = scheduler();
  if (s == nullptr) throw RuntimeError("no Runtime is alive");
  return *s;
}

Scheduler::Scheduler(RuntimeOptions options) : Scheduler(std::move(options), Unstarted{}) {
  // The destructor runs though what follows throws.
  fault_handler_install(on_stack_fault);
  if (choices_ != nullptr) begin_choices();
  follows_system_.store(choices_ == nullptr && options_.max_procs <= 0, relaxed);
  resize(procs_wanted(options_));
  start_watcher();
}

Scheduler::Scheduler(RuntimeOptions options, Unstarted)
    : options_(std::move(options)),
      generation_(g_generation.fetch_add(1, relaxed)),
      thread_idle_timeout_ns_(absl::ToInt64Nanoseconds(
          std::clamp(options_.thread_idle_timeout, absl::Milliseconds(1), absl::Hours(24 * 365)))),
      choices_(options_.seed.has_value()
                   ? std::make_unique<Choices>(*options_.seed, std::move(options_.replay), options_.record)
                   : nullptr) {
  Scheduler* expected = nullptr;
  // [scheduler-alive] release, with scheduler()'s acquire
  if (!g_scheduler.compare_exchange_strong(expected, this, acq_rel, relaxed)) {
    throw RuntimeError("a Runtime is alive already; there is one at a time in a process");
  }
  struct Withdraw {
    bool armed = true;
    ~Withdraw() {
      if (armed) g_scheduler.store(nullptr, release);  // [scheduler-alive]
    }
  } withdraw;
  if (options_.max_threads < 3) {
    throw RuntimeError("max_threads is " + std::to_string(options_.max_threads) + "; the runtime needs at least 3");
  }
  const int procs = procs_wanted(options_);
  if (procs > static_cast<int>(ProcessorTable::kMax)) {
    throw RuntimeError("max_procs is " + std::to_string(procs) + "; the limit is " +
                       std::to_string(ProcessorTable::kMax));
  }
  // Beside those of the goroutines: stacks that lie idle with one processor while another needs one.
  const std::size_t others = kReservedStacks + static_cast<std::size_t>(procs) * StackPool::Cache::kCapacity;
  const std::size_t wanted = std::max(options_.max_goroutines, kStacksMin) + others;
  const std::size_t stacks_max = stacks_.reserve(wanted, options_.max_stack_bytes);
  if (stacks_max < kStacksMin + others) {
    throw RuntimeError("the system refuses address space for even " + std::to_string(kStacksMin + others) +
                       " stacks (RLIMIT_AS, which is ulimit -v, or vm.overcommit_memory)");
  }
  goroutines_max_ = std::min(options_.max_goroutines, stacks_max - others);
  if (const std::size_t guards = vm_guards_max(); guards < goroutines_max_ + others) {
    goroutines_max_ = guards > others + kStacksMin ? guards - others : kStacksMin;
    limited_by_guards_ = true;
  }
  root_ = ScopeCore::make(nullptr, ScopeCore::Hold::kNone);
  root_->add();
  withdraw.armed = false;
}

void Scheduler::start_watcher() {
  const int error = pthread_create(
      &sysmon_thread_, nullptr,
      [](void* self) -> void* {
        pthread_setname_np(pthread_self(), "novelo-sysmon");
        static_cast<Scheduler*>(self)->sysmon_loop();
        return nullptr;
      },
      this);
  if (error != 0) throw RuntimeError(std::string("cannot start the watcher thread: ") + std::strerror(error));
  has_watcher_ = true;
}

Scheduler::~Scheduler() {
  is_stopping_.store(true, seq_cst);  // [stop] with find_work() and sysmon_loop()
  wake_sysmon();
  if (has_watcher_) pthread_join(sysmon_thread_, nullptr);
  timekeeper_word_.fetch_add(1, seq_cst);  // [timer-sleep] with keep_time()
  futex_wake(timekeeper_word_, 1);
  // Every machine ends when it next looks for work; those asleep are woken with nothing.
  std::size_t joined = 0;
  for (;;) {
    pthread_t thread;
    {
      LockGuard guard(idle_lock_);
      while (Machine* m = idle_machine_list_) {
        idle_machine_list_ = m->next_idle;
        m->given_processor = nullptr;
        m->wake_word.store(1, release);  // [machine-wake] with sleep_until_given()
        futex_wake(m->wake_word, 1);
      }
      if (joined == machines_.size()) break;
      const Machine& m = *machines_[joined++];
      if (!m.has_thread) continue;
      thread = m.thread;
    }
    pthread_join(thread, nullptr);
  }
  root_->unref();
  for (const auto& p : processors_) Heap::get().drain(p->cells);
  if (collector_hooks.scheduler_gone != nullptr) collector_hooks.scheduler_gone(*this);
  if (choices_ != nullptr) end_choices();
  fault_handler_remove();
  g_scheduler.store(nullptr, release);  // [scheduler-alive]
}

}  // namespace novelo::rt
