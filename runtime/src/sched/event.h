// runtime/src/sched/event.h
// Waiting until a condition that others bring about holds: the end of a goroutine, the emptying of a scope or a group.
//
//   who        wait(): goroutines and foreign threads; notify_all(): anybody, after making the condition true
//   may        park in wait(); takes its lock
//   invariants no waiter sleeps on though the condition holds: wait() looks under the lock after it queued,
//              notify_all() takes the lock after the condition was made true
//   lifetime   whoever calls notify_all() keeps the event alive until it has returned
//   tested     tests/unit/sched/event_test.cc
#pragma once

#include "base/lock.h"
#include "sched/park.h"
#include "sched/waiter.h"

namespace novelo::rt {

class Event {
 public:
  // Blocks until `is_true()`; leaves by Cancelled. `object` as in wait() of park.h.
  template <class Condition>
  [[gnu::always_inline]] void wait(WaitReason reason, const void* object,
                                   Condition is_true) NOVELO_NO_THREAD_SAFETY_ANALYSIS {
    while (!is_true()) {
      before_blocking();
      if (!is_findable()) enter_scope_list();
      lock_.lock();
      if (is_true()) {
        lock_.unlock();
        return;
      }
      Waiter waiter;
      waiters_.push(waiter);
      if (wait_unlocking(reason, object, lock_) == WakeCause::kCancel) {
        lock_.lock();
        waiters_.remove(waiter);
        lock_.unlock();
        throw_cancelled();
      }
    }
  }

  void notify_all() noexcept {
    notify_all([] {});
  }
  // `make_true` is called under the lock.
  template <class Change>
  void notify_all(Change make_true) noexcept {
    WakeList waiting;
    LockGuard guard(lock_);
    make_true();
    waiters_.pop_winners(waiting);
  }

  RawLock& lock() noexcept NOVELO_RETURN_CAPABILITY(lock_) { return lock_; }

 private:
  Lock<LockRank::kChannel> lock_;
  WaiterQueue waiters_ NOVELO_GUARDED_BY(lock_);
};

}  // namespace novelo::rt
