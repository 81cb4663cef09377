// runtime/src/context/cancel_node.h
// A context that can be cancelled: the tree of those, their done channels, and what is to be called then.
//
//   who        goroutines and any thread, by counted reference
//   may        take its own lock, one at a time; closes channels and starts goroutines with none held
//   invariants a child is in the list of the nearest CancelNode above it until all below the child is cancelled or
//              the child goes; when cancel() returns all below is cancelled, whoever did it;
//              err() is set before done() closes, and never changes after; calls are not lost when all handles are
//              dropped: they go to the node above, and one with a deadline keeps itself while it has calls
//   tested     tests/conformance/context_test.cc, tests/stress/context_test.cc
#pragma once

#include <list>
#include <memory>

#include "absl/container/inlined_vector.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/atomic.h"
#include "base/intrusive_list.h"
#include "base/lock.h"
#include "novelo/context.h"
#include "time/heap_timer.h"

namespace novelo::rt {

class CancelNode : public ContextNode, public ListLink {
 public:
  using Calls = std::list<Closure, TracedAllocator<Closure>>;

  // Below `parent`, which may be nullptr, with one reference, the caller's. Cancelled already if the parent is.
  static CancelNode* make(ContextNode* parent, absl::Time deadline);

  bool is_cancelled() const noexcept { return is_cancelled_.load(acquire); }  // [context-cancelled] with cancel_one()
  absl::Status err() const { return is_cancelled() ? err_ : absl::OkStatus(); }
  absl::Status cause() const { return is_cancelled() ? cause_ : absl::OkStatus(); }
  absl::Time deadline() const noexcept { return deadline_; }
  RecvChan<Unit> done();

  // Cancels it and all below. The first cause stays. An OK `cause` stands for `err`.
  void cancel(const absl::Status& err, const absl::Status& cause);

  // Adds a call for when it is cancelled; false, and f is still the caller's, when it is already.
  bool add_call(Closure& f, Calls::iterator& place);
  // Takes it out again; false when the node was cancelled before.
  bool remove_call(Calls::iterator place);

 protected:
  CancelNode(ContextNode* parent, absl::Time deadline) noexcept;
  ~CancelNode() override;

 private:
  using Reached = absl::InlinedVector<ContextHandle, 8>;
  class DeadlineTimer;
  struct DropTimer {
    void operator()(DeadlineTimer* timer) const noexcept;
  };

  bool keeps_itself() const noexcept NOVELO_REQUIRES(lock_) { return timer_ != nullptr && !calls_.empty(); }
  void take_calls(Calls& calls);
  void drop_calls() noexcept;
  void enter_parent();
  void leave_parent() noexcept;
  void cancel_one(const absl::Status& err, const absl::Status& cause, Reached& reached);
  CancelNode* above() const noexcept { return parent() == nullptr ? nullptr : parent()->cancel_node(); }

  const absl::Time deadline_;
  std::unique_ptr<DeadlineTimer, DropTimer> timer_;  // set before the node is shared
  Lock<LockRank::kContext> lock_;
  Atomic<bool> is_cancelled_{false};
  absl::Status err_;    // written under the lock, before is_cancelled_
  absl::Status cause_;  // as err_
  Chan<Unit> done_ NOVELO_GUARDED_BY(lock_);
  IntrusiveList<CancelNode> children_ NOVELO_GUARDED_BY(lock_);
  Calls calls_ NOVELO_GUARDED_BY(lock_);
};

}  // namespace novelo::rt
