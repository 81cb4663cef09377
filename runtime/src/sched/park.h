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
//   cause = wait_unlocking(reason, object, lock);  // on the scheduler's stack: arm the record, then unlock
//   if (cause == kCancel) { lock; take w out of the queue; unlock; throw_cancelled(); }
#pragma once

#include "base/lock.h"
#include "sched/machine.h"
#include "sched/wait_record.h"

namespace novelo::rt {

// What a select waits for.
struct SelectedChannels {
  const void* const* channels;
  std::size_t size;
};

// The record of the calling goroutine, or of the calling foreign thread.
WaitRecord& thread_wait_record() noexcept;
inline WaitRecord& wait_record() noexcept {
  Goroutine* g = current_goroutine();
  return g != nullptr ? g->wait : thread_wait_record();
}

// Whether a cancellation may be delivered to the running goroutine now: not under shield, not while its stack unwinds.
inline bool is_deliverable(const Goroutine& g) noexcept {
  return g.shields == 0 && g.no_throws == 0 && current_machine()->exceptions->uncaught == 0;
}

// The start of every blocking call: lets others run if the slice is over, delivers a cancellation that is due.
void before_blocking_slow(Goroutine& g);
// Throws what is due: after goexit(), and after a cancellation.
void deliver(Goroutine& g);
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

// Waits until the record's next ticket is won. `object` is what others have to refer to if they are to end the wait: a
// channel, a Mutex, a JoinCore; for a select its SelectedChannels; nullptr when something outside the program may end
// it (a timer). `commit(argument)` runs once the goroutine is off its stack. Inlined
// always, as leave_for(): a switch of stacks makes the machine guess the way back wrong for each call it stands under.
WakeCause thread_wait(Commit commit, void* argument) noexcept;
[[gnu::always_inline]] inline WakeCause wait(WaitReason reason, const void* object, Commit commit,
                                             void* argument) noexcept {
  Goroutine* g = current_goroutine();
  if (g == nullptr) [[unlikely]]
    return thread_wait(commit, argument);
  Machine& m = *current_machine();
  m.reason = SwitchReason::kPark;
  m.commit = commit;
  m.commit_argument = argument;
  m.is_cancellable = is_deliverable(*g);
  g->wait_reason.store(reason, relaxed);
  g->wait_object.store(object, relaxed);
  context_switch(g->context, m.scheduler);
  return g->wait.cause();
}

// The commit of a wait under one lock.
inline void unlock_commit(void* lock) noexcept NOVELO_NO_THREAD_SAFETY_ANALYSIS {
  static_cast<RawLock*>(lock)->unlock();
}
[[gnu::always_inline]] inline WakeCause wait_unlocking(WaitReason reason, const void* object, RawLock& lock) noexcept {
  return wait(reason, object, unlock_commit, &lock);
}

// Leaves the calling goroutine's stack for another reason than a wait; returns when it runs again.
[[gnu::always_inline]] inline void leave_for(SwitchReason reason) noexcept {
  check_no_lock_held();
  Goroutine& g = *current_goroutine();
  Machine& m = *current_machine();
  m.reason = reason;
  context_switch(g.context, m.scheduler);
}

// Makes the owner of a record that the caller has won run again.
void wake(WaitRecord& record) noexcept;

// Throws what the end of the calling goroutine's scope calls for.
[[noreturn]] void throw_cancelled();

// Blocks for ever (a nil channel, a select without cases): until the scope is cancelled. A foreign thread sleeps on.
[[noreturn]] void wait_forever();

}  // namespace novelo::rt
