// runtime/src/sched/park.h
// The only way to block: park(commit), and wake(), the only way back.
//
//   from   goroutines; the wait_ functions also from foreign threads, which they put to sleep. Never from a scheduler's
//          stack, never while a Lock is held that commit does not release
//   may    throw Cancelled or DeadlineExceeded (before_blocking(), throw_cancelled())
//   cost   two context switches and a few atomic operations
//   tested tests/conformance/scheduler_test.cc, tests/conformance/cancel_test.cc
//
// A blocking operation goes like this:
//   before_blocking();                             // may yield, may throw
//   lock; is the event there already? then do it and return
//   Waiter w{ wait_record(), its next_ticket() }; put w into the queue
//   cause = wait_unlocking(reason, lock);          // on the scheduler's stack: arm the record, then unlock
//   if (cause == kCancel) { lock; take w out of the queue; unlock; throw_cancelled(); }
#pragma once

#include "base/lock.h"
#include "sched/machine.h"
#include "sched/wait_record.h"

namespace novelo::rt {

// The record of the calling goroutine, or of the calling foreign thread.
WaitRecord& wait_record() noexcept;

// The start of every blocking call: lets others run if the slice is over, delivers a cancellation that is due.
void before_blocking_slow(Goroutine& g);
inline void before_blocking() {
  Goroutine* g = current_goroutine();
  if (g != nullptr && g->attention.load(relaxed) != 0) [[unlikely]]
    before_blocking_slow(*g);
}

// Called when the operation will have to wait, with no lock held: makes the goroutine known to its scope, so that a
// cancel finds it. Cheap after the first time. True if the caller must look again for its event.
bool enter_scope_list();
inline bool is_findable() noexcept {
  Goroutine* g = current_goroutine();
  return g == nullptr || g->is_member;
}

// Waits until the record's next ticket is won. `commit(argument)` runs once the goroutine is off its stack.
WakeCause wait(WaitReason reason, Commit commit, void* argument) noexcept;

// The commit of a wait under one lock.
inline void unlock_commit(void* lock) noexcept NOVELO_NO_THREAD_SAFETY_ANALYSIS {
  static_cast<RawLock*>(lock)->unlock();
}
inline WakeCause wait_unlocking(WaitReason reason, RawLock& lock) noexcept {
  return wait(reason, unlock_commit, &lock);
}

// Leaves the calling goroutine's stack for another reason than a wait; returns when it runs again.
void leave_for(SwitchReason reason) noexcept;

// Makes the owner of a record that the caller has won run again.
void wake(WaitRecord& record) noexcept;

// Throws what the end of the calling goroutine's scope calls for.
[[noreturn]] void throw_cancelled();

// Blocks for ever (a nil channel, a select without cases): until the scope is cancelled. A foreign thread sleeps on.
[[noreturn]] void wait_forever();

}  // namespace novelo::rt
