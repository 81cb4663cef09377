// Cancelling goes down level by level with a list of what is still to do, not by recursion: a chain of contexts may be
// longer than a stack is deep. For the same reason unref() goes up in a loop. Two calls that cancel at once each go
// over all that is below: neither returns before all of it is cancelled, and neither waits for the other.
#include "context/cancel_node.h"

#include <algorithm>

#include "chan/channel.h"
#include "novelo/time.h"
#include "os/clock.h"

namespace novelo::rt {

namespace {

// By timers that are due at once: those know what to do when there is no place for another goroutine.
void start(CancelNode::Calls& calls) {
  for (auto& call : calls) {
    if (rt::scheduler() != nullptr) novelo::after_func(absl::ZeroDuration(), std::move(call));
  }
}

}  // namespace

// At its time it has a goroutine of the runtime cancel the node: that may wake very many, not under the heap's lock.
class CancelNode::DeadlineTimer final : public HeapTimer {
 public:
  explicit DeadlineTimer(CancelNode& node) : node_(node) {}

  void arm(absl::Duration left) {
    const std::int64_t when = due_after(left);
    bool is_first = false;
    {
      const LockGuard guard(heap().lock());
      is_first = heap().arm(*this, when);
    }
    if (is_first) scheduler()->timer_moved_up(when);
  }
  void disarm() noexcept {
    if (!is_runtime_alive()) return;
    const LockGuard guard(heap().lock());
    heap().cancel(*this);
  }

 private:
  void fire(std::int64_t) noexcept override NOVELO_NO_THREAD_SAFETY_ANALYSIS {
    if (!node_.try_ref()) return;  // it goes, and waits for the heap's lock
    const bool has_started = scheduler()->start_system(Closure([node = &node_] {
      node->cancel(absl::DeadlineExceededError("context deadline exceeded"), absl::OkStatus());
      node->unref();
    }));
    if (has_started) return;
    // The runtime ends: the reference is given back when the heap goes, not on this stack.
    keeps_node_ = true;
    heap().arm(*this, kNever - 1);
  }
  void abandon() noexcept override {
    const bool keeps_node = keeps_node_;
    node_.drop_calls();  // may destroy the node, and this
    if (keeps_node) node_.unref();
  }

  CancelNode& node_;
  bool keeps_node_ = false;
};

void CancelNode::DropTimer::operator()(DeadlineTimer* timer) const noexcept {
  timer->disarm();
  delete timer;
}

CancelNode::CancelNode(ContextNode* parent, absl::Time deadline) noexcept
    : ContextNode(parent, this), deadline_(above() == nullptr ? deadline : std::min(deadline, above()->deadline_)) {}

CancelNode* CancelNode::make(ContextNode* parent, absl::Time deadline) {
  auto* node = new CancelNode(parent, deadline);
  const ContextHandle owner(node);
  const bool has_own_deadline = node->above() == nullptr || deadline < node->above()->deadline_;
  const absl::Duration left = deadline - wall_time();
  const bool is_timed = has_own_deadline && deadline != absl::InfiniteFuture() && left > absl::ZeroDuration();
  if (is_timed) node->timer_.reset(new DeadlineTimer(*node));
  node->enter_parent();
  if (is_timed) {
    if (!node->is_cancelled()) node->timer_->arm(left);
  } else if (has_own_deadline && left <= absl::ZeroDuration()) {
    node->cancel(absl::DeadlineExceededError("context deadline exceeded"), absl::OkStatus());
  }
  node->ref();
  return node;
}

CancelNode::~CancelNode() {
  timer_.reset();
  leave_parent();
  if (above() != nullptr && !calls_.empty()) above()->take_calls(calls_);
}

void CancelNode::enter_parent() {
  CancelNode* parent = above();
  if (parent == nullptr) return;
  {
    const LockGuard guard(parent->lock_);
    if (!parent->is_cancelled_.load(relaxed)) {
      parent->children_.push_back(*this);
      return;
    }
  }
  cancel(parent->err_, parent->cause_);
}

void CancelNode::leave_parent() noexcept {
  CancelNode* parent = above();
  if (parent == nullptr) return;
  const LockGuard guard(parent->lock_);
  if (is_linked()) unlink();
}

RecvChan<Unit> CancelNode::done() {
  const LockGuard guard(lock_);
  if (done_.core() == nullptr) {
    done_ = make_chan<Unit>();
    if (is_cancelled_.load(relaxed)) channel_close(done_.core());
  }
  return done_;
}

void CancelNode::cancel(const absl::Status& err, const absl::Status& cause) {
  Reached reached;  // this node and what is below, each behind the one above it
  ref();
  reached.emplace_back(this);
  cancel_one(err, cause, reached);
  for (std::size_t i = 1; i < reached.size(); ++i) {
    CancelNode* next = reached[i].get()->cancel_node();
    next->cancel_one(next->above()->err_, next->above()->cause_, reached);
  }
  // Not before: another call that cancels some of them meanwhile has to find those it must not return before.
  for (const ContextHandle& one : reached) one.get()->cancel_node()->leave_parent();
}

void CancelNode::cancel_one(const absl::Status& err, const absl::Status& cause, Reached& reached) {
  Chan<Unit> done;
  Calls calls;
  bool is_first = false;
  bool kept_itself = false;
  {
    const LockGuard guard(lock_);
    is_first = !is_cancelled_.load(relaxed);
    if (is_first) {
      kept_itself = keeps_itself();
      err_ = err;
      cause_ = cause.ok() ? err : cause;
      is_cancelled_.store(true, release);  // [context-cancelled] with is_cancelled()
      calls.swap(calls_);
    }
    done = done_;
    for (CancelNode* child = children_.front(); child != nullptr; child = children_.next(*child)) {
      if (child->try_ref()) reached.emplace_back(child);
    }
  }
  // Another may have cancelled it, and not have come as far as this.
  if (done.core() != nullptr) (void)done.core()->close();
  if (!is_first) return;
  if (timer_ != nullptr) timer_->disarm();
  start(calls);
  if (kept_itself) unref();  // cancel() holds another
}

bool CancelNode::add_call(Closure& f, Calls::iterator& place) {
  Calls one;
  one.push_back(std::move(f));
  const LockGuard guard(lock_);
  if (is_cancelled_.load(relaxed)) {
    f = std::move(one.front());
    return false;
  }
  place = one.begin();
  const bool kept_itself = keeps_itself();
  calls_.splice(calls_.end(), one);
  if (keeps_itself() && !kept_itself) ref();
  return true;
}

bool CancelNode::remove_call(Calls::iterator place) {
  Calls one;  // destroyed when the lock is free
  bool keeps_no_longer = false;
  {
    const LockGuard guard(lock_);
    if (is_cancelled_.load(relaxed)) return false;
    one.splice(one.end(), calls_, place);
    keeps_no_longer = timer_ != nullptr && calls_.empty();
  }
  if (keeps_no_longer) unref();
  return true;
}

// Those of a child that goes: what could still have cancelled it is this node.
void CancelNode::take_calls(Calls& calls) {
  {
    const LockGuard guard(lock_);
    if (!is_cancelled_.load(relaxed)) {
      const bool kept_itself = keeps_itself();
      calls_.splice(calls_.end(), calls);
      if (keeps_itself() && !kept_itself) ref();
      return;
    }
  }
  start(calls);
}

// The runtime is gone, and the deadline with it.
void CancelNode::drop_calls() noexcept {
  Calls calls;
  bool kept_itself = false;
  {
    const LockGuard guard(lock_);
    kept_itself = keeps_itself();
    calls.swap(calls_);
  }
  if (kept_itself) unref();
}

}  // namespace novelo::rt
