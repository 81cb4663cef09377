// Cond: a queue in the wait table by the address of the Cond. A place in the queue is taken before the caller's lock is
// given up, so that no notify is missed; the goroutine parks after that, unless it was notified already.
#include "novelo/sync.h"
#include "sync/wait_table.h"

namespace novelo {
namespace {

struct CondWaiter : rt::TableWaiter {
  using TableWaiter::TableWaiter;
  bool is_parked = false;    // its wait can be won
  bool is_notified = false;  // before it parked
};

}  // namespace

void Cond::wait_with(absl::FunctionRef<void()> unlock,
                     absl::FunctionRef<void()> lock) NOVELO_NO_THREAD_SAFETY_ANALYSIS {
  rt::before_table_wait();
  rt::WaitBucket& bucket = rt::WaitBucket::of(this);
  CondWaiter waiter(this);
  {
    const rt::LockGuard guard(bucket.lock());
    bucket.push_back(waiter);
    // Published by the caller's lock: who notifies after a change made under that lock sees it.
    waiting_.fetch_add(1, std::memory_order_relaxed);
  }
  const auto leave = [&] {
    const rt::LockGuard guard(bucket.lock());
    if (!waiter.is_linked()) return;  // a notify has taken it out
    bucket.remove(waiter);
    waiting_.fetch_sub(1, std::memory_order_relaxed);
  };
  try {
    unlock();
  } catch (...) {
    leave();
    if (waiter.is_notified) notify_one();
    throw;
  }
  rt::WakeCause cause = rt::WakeCause::kEvent;
  bucket.lock().lock();
  if (waiter.is_notified) {
    bucket.lock().unlock();
  } else {
    waiter.ticket = waiter.record->next_ticket();  // unlock() may have waited
    waiter.is_parked = true;
    cause = rt::wait_unlocking(rt::WaitReason::kCond, waiter.address, bucket.lock());
  }
  if (cause == rt::WakeCause::kCancel) leave();
  {
    const rt::HeldDelivery whatever_happens;
    lock();
  }
  if (cause == rt::WakeCause::kCancel) rt::throw_cancelled();
}

void Cond::notify_one() noexcept {
  rt::choice_point();
  if (waiting_.load(std::memory_order_relaxed) == 0) return;
  rt::WakeList notified;
  rt::WaitBucket& bucket = rt::WaitBucket::of(this);
  const rt::LockGuard guard(bucket.lock());
  while (auto* waiter = static_cast<CondWaiter*>(bucket.pop(this))) {
    waiting_.fetch_sub(1, std::memory_order_relaxed);
    if (!waiter->is_parked) {
      waiter->is_notified = true;
      return;
    }
    if (waiter->record->try_win(waiter->ticket, rt::WakeCause::kEvent)) {
      notified.add(*waiter);
      return;
    }
    // It leaves by a cancellation: the next.
  }
}

void Cond::notify_all() noexcept {
  rt::choice_point();
  if (waiting_.load(std::memory_order_relaxed) == 0) return;
  rt::WakeList notified;
  rt::WaitBucket& bucket = rt::WaitBucket::of(this);
  const rt::LockGuard guard(bucket.lock());
  while (auto* waiter = static_cast<CondWaiter*>(bucket.pop(this))) {
    waiting_.fetch_sub(1, std::memory_order_relaxed);
    waiter->is_notified = !waiter->is_parked;
    if (waiter->is_parked && waiter->record->try_win(waiter->ticket, rt::WakeCause::kEvent)) notified.add(*waiter);
  }
}

}  // namespace novelo
