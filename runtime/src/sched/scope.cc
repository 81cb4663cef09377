// A cancel walks down the tree: under a scope's lock it sets the flag of each member and tries to win its wait, and
// takes references on the child scopes; then, without the lock, it goes on with those. Links go the other way, lazily:
// a scope joins its parent's list when the first of its members is about to park, because until then nothing of it
// needs to be found. So a goroutine that never parks costs its scope two atomic adds.
//
// The race of cancel(parent) with a child that is just linking: both happen under the parent's lock; if the parent was
// cancelled first, the child cancels itself.
#include "sched/scope.h"

#include <algorithm>
#include <memory>
#include <new>
#include <vector>

#include "novelo/error.h"
#include "sched/memory.h"
#include "sched/park.h"
#include "sched/scheduler.h"
#include "sched/timer_heap.h"

namespace novelo::rt {

// A deadline is counted apart from its scope: the timer may fire while the scope ends.
struct ScopeCore::Deadline final : TimerEvent {
  explicit Deadline(ScopeCore& owner) noexcept : scope(&owner) {}

  void fire(std::int64_t) noexcept override;

  ScopeCore* const scope;
  TimerHeap* heap = nullptr;
};

ScopeCore::ScopeCore(ScopeCore* parent, Hold hold, Account* account) noexcept : parent_(parent), hold_(hold) {
  if (parent_ != nullptr) {
    parent_->ref();
    accounts_ = parent_->accounts_;
  }
  if (account == nullptr || (accounts_ != nullptr && accounts_->contains(*account))) return;
  account->ref();
  own_account_ = {account, accounts_};
  accounts_ = &own_account_;
}

ScopeCore* ScopeCore::make(ScopeCore* parent, Hold hold, Account* account) {
  return ::new (allocate(sizeof(ScopeCore))) ScopeCore(parent, hold, account);
}

ScopeCore* ScopeCore::make_in(void* at, ScopeCore& parent, Block block) {
  auto* scope = ::new (at) ScopeCore(&parent, Hold::kParent, nullptr);
  scope->block_ = block;
  return scope;
}

void ScopeCore::destroy() noexcept {
  const Block block = block_.memory == nullptr ? Block{this, sizeof(ScopeCore), alignof(std::max_align_t)} : block_;
  this->~ScopeCore();
  deallocate(block.memory, block.bytes, block.align);
}

ScopeCore::~ScopeCore() {
  if (follower_ != nullptr) {
    follower_->scope_cancelled(CancelCause::kCancelled);
    follower_->unref();
  }
  disarm_deadline();
  delete deadline_;
  if (own_account_.account != nullptr) own_account_.account->unref();
  if (parent_ == nullptr) return;
  if (is_linked_up_.load(relaxed)) {
    LockGuard guard(parent_->lock_);
    if (is_linked()) unlink();
  }
  parent_->unref();
}

void ScopeCore::unref() noexcept {
  // [scope-refs] acq_rel: the one who destroys sees what the others did
  if (references_of(counts_.fetch_sub(kReference, acq_rel)) == 1) destroy();
}

bool ScopeCore::try_ref() noexcept {
  std::int64_t counts = counts_.load(relaxed);
  while (references_of(counts) > 0) {
    if (counts_.compare_exchange_weak(counts, counts + kReference, acq_rel, relaxed)) return true;  // [scope-refs]
  }
  return false;
}

void ScopeCore::link_to_parent() noexcept {
  if (parent_ == nullptr || is_linked_up_.load(acquire)) return;  // [scope-linked] with the store below
  parent_->link_to_parent();
  CancelCause inherited;
  {
    LockGuard guard(parent_->lock_);
    if (is_linked_up_.load(relaxed)) return;
    parent_->children_.push_back(*this);
    inherited = parent_->cause_.load(relaxed);
    is_linked_up_.store(true, release);  // [scope-linked] the link is seen by whoever sees the flag
  }
  if (inherited != CancelCause::kNone) cancel(inherited);
}

void ScopeCore::enter(Goroutine& g) noexcept {
  link_to_parent();
  LockGuard guard(lock_);
  members_.push_back(g);
  g.is_member = true;
  if (cause_.load(relaxed) != CancelCause::kNone) g.attention.fetch_or(kAttentionCancel, relaxed);
}

void ScopeCore::leave(Goroutine& g) noexcept {
  if (!g.is_member) return;
  LockGuard guard(lock_);
  g.unlink();
  g.is_member = false;
  g.attention.fetch_and(~kAttentionCancel, relaxed);
}

void ScopeCore::cancel_members(CancelCause cause) noexcept {
  cause_.store(cause, release);  // [scope-cause] with cause()
  // All flags first, then all records; each goroutine does it the other way round. A barrier for all of them.
  for (Goroutine* g = members_.front(); g != nullptr; g = members_.next(*g)) {
    g->attention.fetch_or(kAttentionCancel, relaxed);
  }
  if (!members_.empty()) heavy_barrier();  // [wait-cancel] with arm()'s light barrier
  for (Goroutine* g = members_.front(); g != nullptr; g = members_.next(*g)) {
    if (g->wait.try_cancel()) wake(g->wait);
  }
}

void ScopeCore::cancel(CancelCause cause) noexcept {
  std::vector<ScopeCore*> below;
  ScopeFollower* follower = nullptr;
  {
    LockGuard guard(lock_);
    follower = follower_;
    if (follower != nullptr) follower->ref();
    if (cause_.load(relaxed) == CancelCause::kNone) {
      cancel_members(cause);
      for (ScopeCore* child = children_.front(); child != nullptr; child = children_.next(*child)) {
        if (child->try_ref()) below.push_back(child);
      }
    }
    cause = cause_.load(relaxed);
  }
  if (follower != nullptr) {
    follower->scope_cancelled(cause);
    follower->unref();
  }
  for (ScopeCore* child : below) {
    child->cancel(cause);
    child->unref();
  }
}

void ScopeCore::end() noexcept {
  CancelCause cause = CancelCause::kNone;
  for (const ScopeCore* scope = this; scope != nullptr && cause == CancelCause::kNone; scope = scope->parent_) {
    cause = scope->cause();
  }
  cancel(cause == CancelCause::kNone ? CancelCause::kCancelled : cause);
}

ScopeFollower* ScopeCore::follower(absl::FunctionRef<ScopeFollower*()> make) {
  link_to_parent();  // so that a cancel from above reaches it
  {
    LockGuard guard(lock_);
    if (follower_ != nullptr) {
      follower_->ref();
      return follower_;
    }
  }
  ScopeFollower* made = make();
  ScopeFollower* other = nullptr;
  CancelCause cause = CancelCause::kNone;
  {
    LockGuard guard(lock_);
    other = follower_;
    if (other == nullptr) {
      follower_ = made;
      cause = cause_.load(relaxed);
    }
    follower_->ref();
  }
  if (other != nullptr) {
    made->unref();  // another goroutine was first
    return other;
  }
  if (cause != CancelCause::kNone) made->scope_cancelled(cause);
  return made;
}

absl::Time ScopeCore::deadline() const noexcept {
  absl::Time earliest = absl::InfiniteFuture();
  for (const ScopeCore* scope = this; scope != nullptr; scope = scope->parent_) {
    earliest = std::min(earliest, scope->deadline_time_);
  }
  return earliest;
}

// The first of a spawned scope holds the parent, and not the scope itself: one that is refused its goroutine holds
// nobody.
void ScopeCore::add() noexcept {
  if (live_of(counts_.fetch_add(each(), relaxed)) != 0) return;
  if (hold_ == Hold::kParent) {
    parent_->add();
  } else {
    ref();
  }
}

bool ScopeCore::try_add() noexcept {
  std::int64_t counts = counts_.load(relaxed);
  while (live_of(counts) > 0) {
    if (counts_.compare_exchange_weak(counts, counts + each(), relaxed, relaxed)) return true;
  }
  return false;
}

void ScopeCore::done() noexcept {
  const Hold hold = hold_;
  ScopeCore* const parent = parent_;
  // [scope-live] acq_rel, with live(): who sees zero sees what the goroutines did. [scope-refs] as unref()
  const std::int64_t before = counts_.fetch_sub(each(), acq_rel);
  if (hold == Hold::kParent) {
    // Its owner waits elsewhere, and may have let go of it: unless that was the last reference it may be gone.
    if (references_of(before) == 1) destroy();
    if (live_of(before) == 1) parent->done();
    return;
  }
  if (live_of(before) != 1) return;
  ended_.notify_all();
  if (hold == Hold::kRun) scheduler()->run_changed();
  unref();
}

void ScopeCore::wait() {
  overflow_point();
  ended_.wait(WaitReason::kScope, this, [this] { return live() == 0; });
}

void ScopeCore::wait_ended() noexcept {
  Goroutine* g = current_goroutine();
  if (g != nullptr) ++g->no_throws;
  wait();
  if (g != nullptr) --g->no_throws;
}

void ScopeCore::Deadline::fire(std::int64_t) noexcept {
  scope->own_deadline_passed_.store(true, release);  // [scope-cause] with is_own_deadline()
  // Cancelling may wake very many goroutines: not under the lock of the timers.
  ScopeCore* target = scope;
  target->ref();
  const bool has_started = scheduler()->start_system(Closure([target] {
    target->cancel(CancelCause::kDeadline);
    target->unref();
  }));
  if (!has_started) target->unref();
}

void ScopeCore::arm_deadline(absl::Time deadline) {
  NOVELO_CHECK(deadline_ == nullptr);
  deadline_time_ = deadline;
  // One that has passed is due now: how long ago is neither lateness of the timer nor fit for its clock.
  const absl::Duration left = std::max(deadline - wall_time(), absl::ZeroDuration());
  const std::int64_t when_ns =
      left > absl::Hours(24 * 365 * 100) ? kNever - 1 : now_ns() + absl::ToInt64Nanoseconds(left);
  deadline_ = new Deadline(*this);
  bool moved_up = false;
  {
    PinnedProcessor pinned;
    deadline_->heap = &scheduler()->processor_for_timers(pinned).timers;
    LockGuard guard(deadline_->heap->lock());
    moved_up = deadline_->heap->arm(*deadline_, when_ns);
  }
  if (moved_up) scheduler()->timer_moved_up(when_ns);
}

void ScopeCore::disarm_deadline() noexcept {
  if (deadline_ == nullptr) return;
  LockGuard guard(deadline_->heap->lock());
  deadline_->heap->cancel(*deadline_);
}

ScopeCore& current_scope() {
  Goroutine* g = current_goroutine();
  if (g == nullptr) throw RuntimeError("called outside a goroutine");
  return *g->scope;
}

}  // namespace novelo::rt
