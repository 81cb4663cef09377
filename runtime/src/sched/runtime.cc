// Runtime: one scheduler, and running main goroutines on it from a thread that is not its own.
#include "novelo/runtime.h"

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "novelo/gc/shape.h"
#include "novelo/go.h"
#include "novelo/stats.h"
#include "sched/scheduler.h"
#include "sched/scope.h"

namespace novelo {
namespace {

constexpr std::size_t kDeadlockListMax = 1000;

std::string describe_deadlock(rt::Scheduler& scheduler) {
  return absl::StrCat("deadlock: no goroutine can ever run again\n",
                      scheduler.dump_goroutines({.max_goroutines = kDeadlockListMax}));
}

}  // namespace

struct Runtime::State {
  explicit State(RuntimeOptions options) : scheduler(std::move(options)) {}
  rt::Scheduler scheduler;
};

Runtime::Runtime(RuntimeOptions options) {
  if (rt::current_machine() != nullptr) throw RuntimeError("a Runtime cannot be made by a goroutine");
  rt::require_collected_heap();
  state_ = std::make_unique<State>(std::move(options));
}

Runtime::~Runtime() {
  rt::ScopeCore& root = state_->scheduler.root();
  root.cancel(rt::CancelCause::kCancelled);
  root.done();
  root.wait_ended();
}

void Runtime::run_main(rt::Closure body, const std::exception_ptr& error) {
  if (rt::current_machine() != nullptr) throw RuntimeError("Runtime::run() called by a goroutine");
  rt::Scheduler& scheduler = state_->scheduler;
  rt::ScopeCore* scope = rt::ScopeCore::make(&scheduler.root(), rt::ScopeCore::Hold::kRun);
  struct Unref {
    rt::ScopeCore* scope;
    ~Unref() { scope->unref(); }
  } unref{scope};
  rt::Atomic<bool> has_returned{false};
  rt::Atomic<bool> has_ended{false};
  // The closure's own end tells of goexit() too; what it holds is destroyed before it is run's turn.
  struct Ended {
    rt::Scheduler* scheduler;
    rt::Atomic<bool>* flag;
    Ended(rt::Scheduler* s, rt::Atomic<bool>* f) noexcept : scheduler(s), flag(f) {}
    Ended(Ended&& other) noexcept : scheduler(other.scheduler), flag(std::exchange(other.flag, nullptr)) {}
    ~Ended() {
      if (flag == nullptr) return;
      flag->store(true, rt::release);  // [run-word] with run_main()
      scheduler->run_changed();
    }
  };
  std::optional<Poster> starting(poster());  // until main is in a queue there is no deadlock
  rt::start_in(*scope,
               rt::Closure(
                   [scope, &has_returned, main = std::move(body), ended = Ended(&scheduler, &has_ended)]() mutable {
                     set_goroutine_name("main");
                     main();
                     has_returned.store(true, rt::relaxed);       // published by ~Ended
                     scope->cancel(rt::CancelCause::kCancelled);  // what it left behind
                   },
                   std::type_identity<void>()));
  scheduler.begin_run();
  starting.reset();
  std::string deadlock;
  for (;;) {
    const std::uint32_t word = scheduler.run_word().load(rt::acquire);  // [run-word] with run_changed()
    if (scheduler.take_deadlock()) {
      // What main left behind when it returned may well wait for ever: it is about to be cancelled.
      if (!has_returned.load(rt::relaxed)) deadlock = describe_deadlock(scheduler);
      break;
    }
    // [run-word] main ended; after goexit() the others go on until none can run
    if (has_ended.load(rt::acquire) && (has_returned.load(rt::relaxed) || scope->live() == 0)) break;
    rt::futex_wait(scheduler.run_word(), word);
  }
  scheduler.end_run();
  scope->cancel(rt::CancelCause::kCancelled);
  scope->wait_ended();
  static_cast<void>(scheduler.take_deadlock());  // of what was just cancelled
  if (!deadlock.empty()) throw DeadlockError(deadlock);
  if (error != nullptr) std::rethrow_exception(error);
  if (!has_returned.load(rt::relaxed)) throw DeadlockError("no goroutines (main called goexit)");
}

void Runtime::post_closure(rt::Closure body) {
  rt::start_in(state_->scheduler.root(), std::move(body), nullptr, __builtin_return_address(0));
}

Poster Runtime::poster() {
  return Poster();
}

Poster::Poster() {
  rt::require_scheduler().add_poster();
}
Poster::Poster(const Poster&) noexcept {
  rt::scheduler()->add_poster();
}
Poster::~Poster() {
  if (rt::Scheduler* scheduler = rt::scheduler()) scheduler->remove_poster();
}

void Poster::post_closure(rt::Closure body) const {
  rt::start_in(rt::require_scheduler().root(), std::move(body), nullptr, __builtin_return_address(0));
}

}  // namespace novelo
