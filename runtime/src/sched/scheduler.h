// runtime/src/sched/scheduler.h
// The scheduler: all machines, processors and goroutines of the one Runtime, and the verbs they act by. Its functions
// live in a file a concept: scheduler.cc (life), machine.cc (a machine's loop), find_work.cc, idle.cc, handoff.cc,
// sysmon.cc, goroutines.cc (records of goroutines), ready.cc, priority.cc, resize.cc (max_procs), choices.cc
// (deterministic mode).
//
//   who        see each function
//   invariants a runnable goroutine is in exactly one queue; work conservation: whoever makes work publishes it,
//              fences, and looks for an idle processor without a spinning machine; whoever stops spinning drops the
//              count,
//              fences, and looks at every queue again ([work-wake]); at most half of the busy processors spin
//   tested     tests/conformance/scheduler_test.cc, tests/stress/scheduler_test.cc
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "absl/functional/function_ref.h"
#include "base/atomic.h"
#include "base/lock.h"
#include "novelo/leaks.h"
#include "novelo/runtime.h"
#include "novelo/stats.h"
#include "sched/choices.h"
#include "sched/global_queue.h"
#include "sched/goroutine.h"
#include "sched/machine.h"
#include "sched/processor.h"
#include "sched/processor_table.h"
#include "stack/cold_stacks.h"
#include "stack/stack_classes.h"

namespace novelo::rt {

class Scheduler : public KeptObject {
 public:
  explicit Scheduler(RuntimeOptions options);
  ~Scheduler();  // every goroutine has ended
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // ---- goroutines: goroutines.cc ----
  // A record for a new goroutine, runnable with `ready()`. From any thread. Throws RuntimeError at the limit.
  Goroutine* make_goroutine(ScopeCore& scope, Closure&& body, JoinCore* join, const void* created_at);
  // Starts a goroutine of the runtime's own, in the outermost scope; not counted as the user's. From any thread. False
  // when the runtime ends and all its goroutines have.
  bool start_system(Closure&& body) noexcept;
  // Starts one of the user's in the outermost scope, for what no goroutine calls: timers. From any stack. Unless it was
  // started, `body` is still the caller's.
  enum class Started : std::uint8_t { kYes, kFull, kEnding };
  Started start_outermost(Closure& body, const std::type_info* entry) noexcept;
  // Of the user. While others start some it may be too large by a few; never too small.
  std::size_t num_goroutines() const noexcept;
  std::uint64_t goroutines_created() const noexcept;
  // Whether it lies in one of the records, where small callables are kept.
  bool is_in_record(const void* address) noexcept;
  // Calls `visit` for every record, dead ones included, while they live on: nothing is stopped.
  void for_each_goroutine(absl::FunctionRef<void(const Goroutine&)> visit);

  // ---- making runnable: ready.cc ----
  // Gives a goroutine back to the queues. Exactly one caller a wait: the winner of its record. From any thread.
  void ready(Goroutine* g) noexcept;
  // As ready(), but to the back of the global queue.
  void ready_last(Goroutine* g) noexcept;
  // One that is runnable already and in no queue: to the back of the global one.
  void requeue(Goroutine* g) noexcept;
  // As ready(), behind all that are runnable on the processor of `m` and in the global queue. On the scheduler's stack.
  void ready_yielded(Machine& m, Goroutine* g) noexcept;

  // ---- idle.cc ----
  // Work was published: wakes a machine for it if a processor is idle and none is looking. From any thread.
  void wake_processor() noexcept {
    full_fence();  // [work-wake] between the publishing before and the looking after
    wake_processor_if_idle();
  }
  // A timer became a heap's first: whoever sleeps until a later time looks again. From any thread.
  void timer_moved_up(std::int64_t when) noexcept;

  // ---- find_work.cc ----
  // Fires what is due on any processor, whatever runs there. By a goroutine that keeps its processor long.
  void run_due_timers() noexcept;

  // ---- handoff.cc: the calling goroutine's thread is about to block, and is back ----
  void enter_blocking() noexcept;
  void leave_blocking();

  // ---- the stack of the calling goroutine: overflow.cc ----
  StackClasses& stacks() noexcept { return stacks_; }
  ColdStacks& cold_stacks() noexcept { return cold_stacks_; }
  void warm(Goroutine& g) noexcept;  // puts its stack back; by who is about to run it, or alone at its stack

  // ---- deterministic mode: choices.cc ----
  // nullptr in the normal mode.
  Choices* choices() noexcept { return choices_.get(); }
  // The calling goroutine goes on, or lets others go first.
  void let_others_choose() noexcept;

  // ---- lives ----
  Processor& processor_for_timers(const PinnedProcessor& pinned) noexcept {
    return pinned ? *pinned.get() : processors_[0];
  }
  // Tells one Runtime of a process from the next.
  std::uint64_t generation() const noexcept { return generation_; }
  int max_procs() const noexcept { return procs_.load(relaxed); }
  int set_max_procs(int n);                                         // resize.cc; from any thread
  Priority set_priority(Goroutine& g, Priority priority) noexcept;  // priority.cc; by the goroutine itself
  RuntimeOptions& options() noexcept { return options_; }
  std::size_t goroutines_max() const noexcept { return goroutines_max_; }
  ScopeCore& root() noexcept { return *root_; }                   // the outermost scope
  RuntimeStats stats();                                           // stats.cc
  std::uint64_t running_cycles(const Account& account) noexcept;  // of present slices, charged to it first
  std::vector<GoroutineInfo> list_goroutines();
  // goroutine_dump.cc; each name of a function is looked up once.
  std::vector<LeakedGoroutine> describe(std::span<const Goroutine* const> goroutines);
  // Those with a thread, and records of some whose thread has ended.
  std::vector<Machine*> machines();
  ProcessorTable& processors() noexcept { return processors_; }
  std::string dump_goroutines(const DumpOptions& options);  // goroutine_dump.cc

  // A run() in progress, from when its main goroutine is runnable: while there is one, a state in which no goroutine
  // can ever run again is noticed. Foreign threads wait for changes on run_word().
  void begin_run() noexcept;
  void end_run() noexcept;
  bool take_deadlock() noexcept { return is_deadlocked_.exchange(false, acquire); }  // [deadlock] check_deadlock()
  Atomic<std::uint32_t>& run_word() noexcept { return run_word_; }
  void run_changed() noexcept {
    run_word_.fetch_add(1, release);  // [run-word] with run_main()
    futex_wake(run_word_, 1 << 30);
  }
  void add_poster() noexcept;
  void remove_poster() noexcept;

  // On a goroutine's first and last instructions: goroutines.cc
  static void goroutine_main(void* goroutine) noexcept;

  // Stacks kept back for goroutines of the runtime itself, and for those that end and are no longer counted.
  static constexpr std::size_t kReservedStacks = 64;
  static constexpr std::size_t kStacksMin = 1024;  // fewer for goroutines are not worth a start

 private:
  struct ThreadStart {
    Scheduler* scheduler;
    Machine* machine;
  };

  // scheduler.cc
  struct Unstarted {};
  Scheduler(RuntimeOptions options, Unstarted);  // without threads
  void start_watcher();
  Machine* make_machine() noexcept NOVELO_REQUIRES(idle_lock_);

  // resize.cc
  int resize(int n);
  void follow_system();                // as many processors as the system allows now
  void shelve(Processor& p) noexcept;  // by whoever held it: nobody will, until it is wanted again
  void retire(Machine& m) noexcept;    // gives up the machine's processor, which is one too many
  void run_retired_timers() noexcept;

  // machine.cc: a machine's life
  static void* machine_thread(void* argument);
  void machine_loop(Machine& m) noexcept;
  bool execute(Machine& m, Goroutine* g) noexcept;
  void take_stack(Processor& p, Goroutine& g) noexcept;
  void begin_metered(Machine& m, const Goroutine& g) noexcept;
  void end_metered(Machine& m, const Goroutine& g) noexcept;
  void after_switch(Machine& m, Goroutine* g) noexcept;
  void finish_exit(Machine& m, Goroutine* g) noexcept;

  // goroutines.cc
  bool take_place() noexcept;  // within max_goroutines
  void give_place() noexcept;
  std::int64_t take_shared_places(std::int64_t wanted) noexcept;
  Goroutine* new_goroutine(ScopeCore& scope, Closure&& body, JoinCore* join, const void* created_at) noexcept;
  std::uint64_t take_id(Processor& p) noexcept;
  Goroutine* take_record() noexcept;  // with its number
  Goroutine* take_shared_record() noexcept;
  void keep_record(Processor* p, Goroutine* g) noexcept;

  // ready.cc
  static void become_runnable(Goroutine& g) noexcept;
  void enqueue_local(Processor& p, Goroutine* g) noexcept;
  void enqueue_ring(Processor& p, Goroutine* g) noexcept;

  // choices.cc
  void begin_choices() noexcept;
  void end_choices() noexcept;

  // find_work.cc: the next goroutine for a machine, waiting for one; nullptr at the end of the runtime
  Goroutine* find_work(Machine& m) noexcept;
  Goroutine* next_local(Processor& p) noexcept;
  Goroutine* next_of(Processor& p, Priority priority) noexcept;
  Goroutine* next_chosen(Processor& p) noexcept;  // choices.cc
  Goroutine* take_global(Processor& p, Priority priority, std::uint32_t max) noexcept;
  Goroutine* steal(Machine& m, Processor& p) noexcept;
  Goroutine* steal_from(Processor& p, Processor& victim, RunQueue::Next next) noexcept;
  Goroutine* steal_of(Processor& p, Processor& victim, Priority priority, RunQueue::Next next) noexcept;
  GlobalQueue& global(Priority priority) noexcept { return globals_[static_cast<std::size_t>(priority)]; }
  std::size_t global_size() const noexcept;
  bool is_global_empty() const noexcept;
  bool is_work_anywhere() const noexcept;
  std::int64_t next_timer() const noexcept;
  void stop_spinning(Machine& m) noexcept;

  // priority.cc: what is done once has_priorities()
  bool has_priorities() const noexcept { return has_priorities_.load(relaxed); }
  Goroutine* next_by_priority(Processor& p) noexcept;
  Goroutine* steal_above(Processor& p, Priority priority) noexcept;
  bool is_overtaken(const Processor& p) const noexcept;
  void preempt_for(Priority priority) noexcept;

  // idle.cc
  // What wake_processor() does after the fence. Requires: the publication was one, or a fence came after it.
  void wake_processor_if_idle() noexcept {
    // [work-wake] seq_cst, for publications that are sequentially consistent themselves
    if (idle_processors_.load(seq_cst) == 0 || spinning_.load(seq_cst) != 0) return;
    wake_idle_processor();
  }
  void wake_idle_processor() noexcept;
  void go_idle(Machine& m) noexcept;  // returns with a processor, or at the end
  enum class Slept : bool { kGiven, kEnded };
  Slept sleep_until_given(Machine& m) noexcept;
  bool end_idle_machine(Machine& m) noexcept;  // false: it was given a processor meanwhile, or is to stay
  std::size_t live_machines() const noexcept NOVELO_REQUIRES(idle_lock_) {
    return machines_.size() - free_machines_.size();
  }
  bool keep_time() noexcept;  // false if another machine does, or there is no timer
  void attach(Machine& m, Processor& p) noexcept;
  Processor* detach(Machine& m) noexcept;
  Processor* take_idle_processor() noexcept;
  void put_idle_processor(Processor& p) noexcept;
  void push_idle_processor(Processor& p) noexcept NOVELO_REQUIRES(idle_lock_);
  bool give_processor(Processor& p, bool spinning) noexcept;  // false if no machine can be had
  void check_deadlock() noexcept NOVELO_REQUIRES(idle_lock_);

  // handoff.cc
  void hand_off(Processor& p) noexcept;
  bool retake(Processor& p) noexcept;

  // thread_lock.cc
  void give_to_its_machine(Machine& m, Goroutine* g) noexcept;
  void run_locked(Machine& m) noexcept;
  void end_locked_machine(Machine& m) noexcept;

  // sysmon.cc
  struct Watch {
    std::uint64_t tick = 0;
    std::int64_t since = 0;
    bool asked = false;
  };
  void sysmon_loop() noexcept;
  void wake_sysmon() noexcept;
  void give_back_heaps() noexcept;
  bool sysmon_pass(std::vector<Watch>& watches, std::int64_t now) noexcept;

  RuntimeOptions options_;
  const std::uint64_t generation_;
  const std::int64_t thread_idle_timeout_ns_;
  StackClasses stacks_;
  ColdStacks cold_stacks_{stacks_};
  const std::unique_ptr<Choices> choices_;
  std::vector<Goroutine*> choosable_;  // with choices_: what is runnable, on the one processor
  std::size_t goroutines_max_ = 0;     // max_goroutines, or fewer when the system gives less address space
  bool limited_by_guards_ = false;     // or fewer guards
  ScopeCore* root_ = nullptr;          // counts the Runtime as one of its goroutines, until that ends
  ProcessorTable processors_;
  Atomic<std::int32_t> procs_{0};                 // of them in use, the first ones; the others are retired
  Atomic<bool> follows_system_{false};            // max_procs is what the system allows, looked at again while running
  std::array<GlobalQueue, kPriorities> globals_;  // one a class
  Atomic<bool> has_priorities_{false};            // a goroutine has, or had, another than kNormal; never turns false

  // [work-wake] the two counts that the handshake of find_work and wake_processor reads
  alignas(kCacheLine) Atomic<std::int32_t> idle_processors_{0};
  Atomic<std::int32_t> spinning_{0};
  // When the machine that keeps time will wake by itself; 0: none does. [timer-sleep]
  Atomic<std::int64_t> timekeeper_until_{0};
  Atomic<std::uint32_t> timekeeper_word_{0};

  alignas(kCacheLine) Lock<LockRank::kIdle> idle_lock_;
  Processor* idle_processor_list_ NOVELO_GUARDED_BY(idle_lock_) = nullptr;
  Machine* idle_machine_list_ NOVELO_GUARDED_BY(idle_lock_) = nullptr;
  std::vector<std::unique_ptr<Machine>> machines_ NOVELO_GUARDED_BY(idle_lock_);
  std::vector<Machine*> free_machines_ NOVELO_GUARDED_BY(idle_lock_);  // records whose thread has ended
  std::int32_t idle_machines_ NOVELO_GUARDED_BY(idle_lock_) = 0;       // asleep without work, the timekeeper included
  bool has_thread_limit_warned_ NOVELO_GUARDED_BY(idle_lock_) = false;
  Atomic<bool> is_stopping_{false};

  Lock<LockRank::kGoroutines> goroutines_lock_;
  friend struct DebuggerPlaces;
  struct Slab : KeptObject {
    std::array<Goroutine, 64> records;
  };
  std::vector<std::unique_ptr<Slab>> slabs_ NOVELO_GUARDED_BY(goroutines_lock_);
  Goroutine* free_goroutines_ NOVELO_GUARDED_BY(goroutines_lock_) = nullptr;

  // About the time, for what is told in seconds: of sysmon's last look, or when a processor was last taken.
  alignas(kCacheLine) Atomic<std::int64_t> about_now_ns_{0};

  alignas(kCacheLine) Atomic<std::int64_t> places_taken_{0};  // used, and kept by processors
  Atomic<std::uint64_t> started_{0};                          // as Processor::started and ended, by whoever holds none
  Atomic<std::uint64_t> ended_{0};
  Atomic<std::uint64_t> next_id_{1};
  Atomic<std::uint64_t> handoffs_{0};
  Atomic<std::uint64_t> preempts_{0};

  Atomic<std::int32_t> runs_{0};
  Atomic<std::int32_t> posters_{0};
  Atomic<bool> is_deadlocked_{false};
  Atomic<std::uint32_t> run_word_{0};

  pthread_t sysmon_thread_{};
  bool has_watcher_ = false;
  Atomic<bool> is_scavenging_{false};  // a goroutine gives memory of the heaps back
  // 1 while sysmon sleeps because all is idle: whoever wakes a machine then wakes it too. [sysmon-sleep]
  Atomic<std::uint32_t> sysmon_asleep_{0};
};

// What is known of a goroutine; it may change meanwhile.
GoroutineInfo info_of(const Goroutine& g, std::int64_t now_ns);

// The scheduler of the Runtime that is alive; nullptr when none is.
Scheduler* scheduler() noexcept;
Scheduler& require_scheduler();  // throws RuntimeError

}  // namespace novelo::rt
