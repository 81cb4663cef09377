// runtime/src/sched/scope.h
// The tree of scopes: who is cancelled with whom, and who waits for whom.
//
//   who        goroutines and any thread, by counted reference
//   may        take scope locks and, under them, wake goroutines; wait() parks
//   cost       a goroutine costs its scope one atomic add and one at its end; only one that parks is put in a list
//   invariants live() counts the goroutines started in the scope and not yet ended, and the scopes of spawned ones with
//              goroutines left; a scope is linked in its parent's list before one of its members parks, so that a
//              cancel of the parent finds it; cancelled never turns false
//   tested     tests/conformance/cancel_test.cc, tests/stress/cancel_test.cc
#pragma once

#include <cstdint>

#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "base/atomic.h"
#include "base/intrusive_list.h"
#include "base/lock.h"
#include "os/clock.h"
#include "sched/event.h"
#include "sched/goroutine.h"

namespace novelo::rt {

enum class CancelCause : std::uint8_t { kNone, kCancelled, kDeadline };

// Wants to be told of a scope's end, with no lock held: that it was cancelled or, at the latest, that it is gone. The
// first time counts.
class ScopeFollower {
 public:
  virtual void ref() noexcept = 0;
  virtual void unref() noexcept = 0;
  virtual void scope_cancelled(CancelCause cause) noexcept = 0;

 protected:
  ~ScopeFollower() = default;
};

class ScopeCore : public ListLink {
 public:
  // What a scope counts for in its parent.
  enum class Hold : std::uint8_t {
    kNone,    // its creator waits for it (Scope, with_deadline)
    kParent,  // it lives on its own (spawn): the parent is not done before it is
    kRun,     // a Runtime::run() waits for it, and is told of its end by run_changed()
  };
  // With one reference, the caller's. `parent` may be nullptr.
  // `account` is charged by its goroutines, beside those of its parent.
  static ScopeCore* make(ScopeCore* parent, Hold hold, Account* account = nullptr);
  // That of a spawned goroutine, with one reference, inside `block`, which is freed when the scope goes.
  struct Block {
    void* memory = nullptr;
    std::size_t bytes = 0;
    std::size_t align = 0;
  };
  static ScopeCore* make_in(void* at, ScopeCore& parent, Block block);

  void ref() noexcept { counts_.fetch_add(kReference, relaxed); }
  void unref() noexcept;

  // Cancels the scope and all below it. From any thread. The first cause stays. Its follower has been told when this
  // returns, though it was another call that cancelled; one below may still be on its way.
  void cancel(CancelCause cause) noexcept;
  // By its owner, who is done with it: cancels what is left, for the reason that a scope above was cancelled for, if
  // one was and that has not come down to here yet.
  void end() noexcept;
  // Cancels at that time unless disarmed before. Once a scope, before it is shared.
  void arm_deadline(absl::Time deadline);
  void disarm_deadline() noexcept;

  bool is_cancelled() const noexcept { return cause() != CancelCause::kNone; }
  CancelCause cause() const noexcept { return cause_.load(acquire); }  // [scope-cause] with cancel()
  // Whether the scope's own deadline ended it, and not a scope around it.
  bool is_own_deadline() const noexcept { return own_deadline_passed_.load(acquire); }  // [scope-cause]

  // One goroutine (or held child scope) more, one less; what is counted keeps the scope. add() by whoever holds a
  // reference, or is counted.
  void add() noexcept;
  // As add(), unless live() is zero: in a scope whose owner counts himself with an add(), nothing starts after the end.
  [[nodiscard]] bool try_add() noexcept;
  void done() noexcept;
  std::int64_t live() const noexcept { return live_of(counts_.load(acquire)); }  // [scope-live] with done()

  // Blocks until live() is zero: wait() leaves by Cancelled, wait_ended() does not.
  void wait();
  void wait_ended() noexcept;

  // By the calling goroutine, of its own scope: put into the list where a cancel finds it, and out of it.
  void enter(Goroutine& g) noexcept;
  void leave(Goroutine& g) noexcept;

  // The scope's follower, made by `make` with one reference if it has none yet. With a reference for the caller.
  ScopeFollower* follower(absl::FunctionRef<ScopeFollower*()> make);
  // The earliest deadline of it and those above.
  absl::Time deadline() const noexcept;

  ScopeCore* parent() const noexcept { return parent_; }
  // Valid as long as the scope; nullptr when nobody meters it.
  const AccountChain* accounts() const noexcept { return accounts_; }

 private:
  struct Deadline;

  static constexpr std::int64_t kReference = 1;
  static constexpr std::int64_t kLive = std::int64_t{1} << 32;
  static constexpr std::int64_t live_of(std::int64_t counts) noexcept { return counts / kLive; }
  static constexpr std::int64_t references_of(std::int64_t counts) noexcept { return counts % kLive; }
  // With a reference for each that is live, the end of one is a single step. Where somebody waits for the last it takes
  // two, the wake-up between them: there they hold one together.
  std::int64_t each() const noexcept { return hold_ == Hold::kParent ? kLive + kReference : kLive; }

  ScopeCore(ScopeCore* parent, Hold hold, Account* account) noexcept;
  ~ScopeCore();
  void destroy() noexcept;
  bool try_ref() noexcept;
  void link_to_parent() noexcept;
  void cancel_members(CancelCause cause) noexcept NOVELO_REQUIRES(lock_);

  Lock<LockRank::kScope> lock_;
  ScopeCore* const parent_;  // one reference
  const Hold hold_;
  Atomic<bool> is_linked_up_{false};
  Atomic<CancelCause> cause_{CancelCause::kNone};
  Atomic<bool> own_deadline_passed_{false};
  Atomic<std::int64_t> counts_{kReference};  // references, and live() above them
  IntrusiveList<Goroutine> members_ NOVELO_GUARDED_BY(lock_);
  IntrusiveList<ScopeCore> children_ NOVELO_GUARDED_BY(lock_);
  Event ended_;
  AccountChain own_account_;                // with a reference, unless it is empty
  const AccountChain* accounts_ = nullptr;  // own_account_'s or the parent's
  Deadline* deadline_ = nullptr;
  absl::Time deadline_time_ = absl::InfiniteFuture();
  ScopeFollower* follower_ NOVELO_GUARDED_BY(lock_) = nullptr;  // one reference
  Block block_;                                                 // where it lies, if that is not its own
};

// The scope the calling goroutine runs in; throws RuntimeError outside goroutines.
ScopeCore& current_scope();

}  // namespace novelo::rt
