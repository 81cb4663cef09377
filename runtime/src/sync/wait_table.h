// runtime/src/sync/wait_table.h
// Who waits for a Mutex, RWMutex, Cond, WaitGroup, Once or Semaphore: queues in a table by the address of that object,
// as the kernel has them for futexes. The object is a word or two, needs no constructor, and may be destroyed while the
// goroutine that made it free is still inside its unlock: whoever changes a word so that others may go on does it under
// the bucket's lock, and touches the bucket and the waiters alone from then on.
//
//   who        the files of src/sync, on goroutines and foreign threads
//   cost       one lock; a walk over the addresses that share the bucket and are waited for, not over the waiters
//   invariants a waiter is in the queue of its address at most once; each address has one queue while it is waited for;
//              the first waiter of a queue holds the others
//   tested     tests/unit/sync/wait_table_test.cc
#pragma once

#include "base/intrusive_list.h"
#include "base/lock.h"
#include "sched/park.h"
#include "sched/waiter.h"

namespace novelo::rt {

class WaitBucket;

// A place in the table; on the stack of who waits.
struct TableWaiter : Waiter {
  explicit TableWaiter(const void* object) noexcept : address(object) {}
  const void* const address;

 private:
  friend class WaitBucket;
  bool is_first = false;
  IntrusiveList<TableWaiter> behind;  // the rest of the queue; empty unless is_first
};

class WaitBucket {
 public:
  // The bucket that holds the queue of this object.
  static WaitBucket& of(const void* address) noexcept;

  RawLock& lock() noexcept NOVELO_RETURN_CAPABILITY(lock_) { return lock_; }

  // The waiter whose turn is next; nullptr: nobody waits.
  TableWaiter* first(const void* address) const noexcept NOVELO_REQUIRES(lock_);
  void push_back(TableWaiter& waiter) noexcept NOVELO_REQUIRES(lock_);
  void push_front(TableWaiter& waiter) noexcept NOVELO_REQUIRES(lock_);
  // Takes the waiter out of its queue, if it is in it.
  void remove(TableWaiter& waiter) noexcept NOVELO_REQUIRES(lock_);
  // Takes the first out, whatever became of its wait.
  TableWaiter* pop(const void* address) noexcept NOVELO_REQUIRES(lock_);
  // Takes the first out whose wait the caller wins; those whose wait has ended otherwise are passed over.
  TableWaiter* pop_winner(const void* address) noexcept NOVELO_REQUIRES(lock_);
  // Takes all of them out; returns how many were won.
  std::int64_t pop_all(const void* address, WakeList& won) noexcept NOVELO_REQUIRES(lock_);

 private:
  Lock<LockRank::kChannel> lock_;
  IntrusiveList<TableWaiter> queues_ NOVELO_GUARDED_BY(lock_);  // the first waiter of each
};

// Before a wait in the table, with no lock held: delivers a cancellation, lets a cancel find the goroutine.
inline void before_table_wait() {
  before_blocking();
  if (!is_findable()) enter_scope_list();
}

}  // namespace novelo::rt
