// Joining: JoinHandle, Scope, with_deadline and shield, on scopes and events.
#include <algorithm>
#include <new>

#include "novelo/go.h"
#include "os/clock.h"
#include "sched/event.h"
#include "sched/memory.h"
#include "sched/park.h"
#include "sched/scheduler.h"
#include "sched/scope.h"

namespace novelo::rt {

struct JoinCore::Ended {
  Event event;
  Atomic<bool> has_ended{false};
  Atomic<std::int32_t> references{1};
  Chan<Unit> done;  // by the event's lock: made at the first call, closed at the end, whichever is later
};

void* JoinCore::allocate(std::size_t bytes, std::size_t align) {
  return rt::allocate(bytes, align);
}
void JoinCore::deallocate(void* memory, std::size_t bytes, std::size_t align) noexcept {
  rt::deallocate(memory, bytes, align);
}

JoinCore::JoinCore(std::size_t bytes, std::size_t align)
    : scope_(ScopeCore::make_in(scope_memory_, current_scope(),
                                {this, bytes, std::max(align, alignof(std::max_align_t))})) {
  static_assert(kScopeBytes >= sizeof(ScopeCore));
  static_assert(sizeof(Ended) <= kEndedBytes && alignof(Ended) <= alignof(std::max_align_t));
  ::new (static_cast<void*>(ended_)) Ended;
}

JoinCore::~JoinCore() {
  ended().~Ended();
}

JoinCore::Ended& JoinCore::ended() noexcept {
  return *std::launder(reinterpret_cast<Ended*>(ended_));
}

void JoinCore::share() noexcept {
  ended().references.store(2, relaxed);  // [join-refs] with unref(): published with the goroutine, by its queue
}

void JoinCore::unref() noexcept {
  // [join-refs] acq_rel: the one who destroys sees what the others did
  if (ended().references.fetch_sub(1, acq_rel) != 1) return;
  ScopeCore& scope = *scope_;
  this->~JoinCore();
  scope.unref();
}

void JoinCore::set_outcome(Outcome outcome, std::exception_ptr error) noexcept {
  outcome_ = outcome;
  error_ = std::move(error);
}

void JoinCore::complete() noexcept {
  Chan<Unit> done;
  // Under the lock: a done() that comes later finds the end and closes its channel itself.
  ended().event.notify_all([this, &done] {
    // [join-ended] release, with wait()'s acquire: the result is seen
    ended().has_ended.store(true, release);
    done = ended().done;
  });
  if (done.core() != nullptr) channel_close(done.core());
}

void JoinCore::wait() {
  ended().event.wait(WaitReason::kJoin, this, [this] { return ended().has_ended.load(acquire); });  // [join-ended]
}

void JoinCore::rethrow_unless_returned() {
  switch (outcome_) {
    case Outcome::kReturned:
      return;
    case Outcome::kThrew:
      std::rethrow_exception(error_);
    case Outcome::kCancelled:
      throw JoinCancelled{};
    case Outcome::kExited:
      throw RuntimeError("the joined goroutine called goexit()");
    case Outcome::kRunning:
      break;
  }
  fatal("a goroutine was joined before it ended");
}

void JoinCore::cancel() {
  scope_->cancel(CancelCause::kCancelled);
}

RecvChan<Unit> JoinCore::done() {
  LockGuard guard(ended().event.lock());
  if (ended().done.core() == nullptr) {
    ended().done = make_chan<Unit>();
    if (ended().has_ended.load(acquire)) channel_close(ended().done.core());  // [join-ended]
  }
  return ended().done;
}

DeadlineSection::DeadlineSection(absl::Time deadline) {
  Goroutine* g = current_goroutine();
  if (g == nullptr) throw RuntimeError("with_deadline() called outside a goroutine");
  outer_ = g->scope;
  scope_ = ScopeCore::make(outer_, ScopeCore::Hold::kNone);
  if (deadline != absl::InfiniteFuture()) scope_->arm_deadline(deadline);
  outer_->leave(*g);
  g->scope = scope_;
}

bool DeadlineSection::ended_by_own_deadline() const noexcept {
  return scope_->is_own_deadline();
}

void DeadlineSection::close() noexcept {
  if (scope_ == nullptr) return;
  Goroutine& g = *current_goroutine();
  scope_->disarm_deadline();
  scope_->leave(g);
  g.scope = outer_;
  scope_->end();
  scope_->wait_ended();
  scope_->unref();
  scope_ = nullptr;
}

DeadlineSection::~DeadlineSection() {
  close();
}

ShieldSection::ShieldSection() {
  Goroutine* g = current_goroutine();
  if (g == nullptr) throw RuntimeError("shield() called outside a goroutine");
  ++g->shields;
}

ShieldSection::~ShieldSection() {
  --current_goroutine()->shields;
}

HeldDelivery::HeldDelivery() noexcept {
  if (Goroutine* g = current_goroutine()) ++g->no_throws;
}

HeldDelivery::~HeldDelivery() {
  if (Goroutine* g = current_goroutine()) --g->no_throws;
}

}  // namespace novelo::rt

namespace novelo {

struct Scope::State {
  rt::ScopeCore* core = rt::ScopeCore::make(&rt::current_scope(), rt::ScopeCore::Hold::kNone);
  rt::Lock<rt::LockRank::kChannel> lock;
  absl::Status status NOVELO_GUARDED_BY(lock);
  std::exception_ptr error NOVELO_GUARDED_BY(lock);
  rt::Atomic<bool> was_cancelled{false};  // by Scope::cancel()
  rt::Atomic<bool> was_cut_short{false};  // a child left by a cancellation of this scope, whoever asked for it
  ~State() { core->unref(); }
};

Scope::Scope() : state_(std::make_shared<State>()) {}

Scope::~Scope() {
  state_->core->end();
  state_->core->wait_ended();
}

void Scope::start(rt::Closure&& body) {
  rt::start_in(*state_->core, std::move(body), nullptr, __builtin_return_address(0));
}

void Scope::fail(State& state, absl::Status status, std::exception_ptr error) noexcept {
  {
    rt::LockGuard guard(state.lock);
    if (state.status.ok() && state.error == nullptr) {
      state.status = std::move(status);
      state.error = std::move(error);
    }
  }
  state.core->cancel(rt::CancelCause::kCancelled);
}

void Scope::ended_by_cancel(State& state, std::exception_ptr error) noexcept {
  // The scope's own cancel is no error; a Cancelled that comes from anywhere else (a join) is the child's failure.
  if (state.core->is_cancelled()) {
    state.was_cut_short.store(true, rt::relaxed);  // published by the end of the child, with wait()
  } else {
    fail(state, absl::OkStatus(), std::move(error));
  }
}

absl::Status Scope::wait() {
  state_->core->wait();
  {
    rt::LockGuard guard(state_->lock);
    if (state_->error != nullptr) std::rethrow_exception(state_->error);
    if (!state_->status.ok()) return state_->status;
  }
  if (state_->was_cancelled.load(rt::relaxed)) return absl::CancelledError("the scope was cancelled");
  if (!state_->was_cut_short.load(rt::relaxed)) return absl::OkStatus();
  // By a scope around it, which the caller is mostly in too: the children have left before it was woken.
  if (!rt::is_findable()) static_cast<void>(rt::enter_scope_list());
  rt::before_blocking();
  return state_->core->cause() == rt::CancelCause::kDeadline
             ? absl::DeadlineExceededError("the deadline of a scope around this one passed")
             : absl::CancelledError("a scope around this one was cancelled");
}

void Scope::cancel() {
  state_->was_cancelled.store(true, rt::relaxed);
  state_->core->cancel(rt::CancelCause::kCancelled);
}

}  // namespace novelo
