// Mutex: a word that is free, locked, or locked with a queue. While there is a queue, unlock() hands the lock straight
// to the goroutine that has waited longest: nobody barges in, so nobody starves.
//
// The queues live in a table by the address of the mutex, as Go's semaphores do: a Mutex is one word that may be
// destroyed as soon as the unlock that freed it was seen, although the unlocking goroutine is still inside unlock().
#include <array>
#include <string>

#include "novelo/sync.h"
#include "sched/park.h"
#include "sched/waiter.h"

namespace novelo {
namespace {

using rt::LockRank;

struct MutexWaiter : rt::Waiter {
  explicit MutexWaiter(const void* address) noexcept : mutex(address) {}
  const void* mutex;
};

struct alignas(rt::kCacheLine) Bucket {
  rt::Lock<LockRank::kChannel> lock;
  rt::IntrusiveList<rt::Waiter> waiters NOVELO_GUARDED_BY(lock);
};

Bucket& bucket_of(const void* mutex) noexcept {
  static std::array<Bucket, 251> buckets;
  return buckets[reinterpret_cast<std::uintptr_t>(mutex) / alignof(std::max_align_t) % buckets.size()];
}

// The first waiter of this mutex behind `after`, or at all.
rt::Waiter* next_of(rt::IntrusiveList<rt::Waiter>& list, const void* mutex, rt::Waiter* after) noexcept {
  rt::Waiter* waiter = after == nullptr ? list.front() : list.next(*after);
  while (waiter != nullptr && static_cast<MutexWaiter*>(waiter)->mutex != mutex) waiter = list.next(*waiter);
  return waiter;
}

}  // namespace

void Mutex::lock_slow() NOVELO_NO_THREAD_SAFETY_ANALYSIS {
  rt::before_blocking();
  if (!rt::is_findable()) rt::enter_scope_list();
  Bucket& bucket = bucket_of(this);
  bucket.lock.lock();
  // Under the bucket's lock the waiters bit is stable; free or locked can still change by the fast paths.
  std::uint32_t word = word_.load(std::memory_order_relaxed);
  for (;;) {
    if (word == 0) {
      // [mutex-word] acquire, with unlock()'s release
      if (word_.compare_exchange_weak(word, kLocked, std::memory_order_acquire, std::memory_order_relaxed)) {
        bucket.lock.unlock();
        return;
      }
    } else if (word_.compare_exchange_weak(word, kLocked | kWaiters, std::memory_order_relaxed)) {
      break;
    }
  }
  MutexWaiter waiter(this);
  bucket.waiters.push_back(waiter);
  if (rt::wait_unlocking(rt::WaitReason::kMutex, bucket.lock) == rt::WakeCause::kCancel) {
    bucket.lock.lock();
    if (waiter.is_linked()) waiter.unlink();
    if (next_of(bucket.waiters, this, nullptr) == nullptr) {
      word_.fetch_and(~kWaiters, std::memory_order_relaxed);  // the last one leaves: the fast ways are open again
    }
    bucket.lock.unlock();
    rt::throw_cancelled();
  }
  // The lock was handed over: it never became free.
}

void Mutex::unlock_slow() {
  Bucket& bucket = bucket_of(this);
  rt::WaitRecord* served = nullptr;
  {
    rt::LockGuard guard(bucket.lock);
    const std::uint32_t word = word_.load(std::memory_order_relaxed);
    if (word == 0) throw RuntimeError("unlock of an unlocked Mutex");
    rt::Waiter* waiter = next_of(bucket.waiters, this, nullptr);
    while (waiter != nullptr) {
      rt::Waiter* following = next_of(bucket.waiters, this, waiter);
      waiter->unlink();
      if (waiter->record->try_win(waiter->ticket, rt::WakeCause::kEvent)) {
        served = waiter->record;
        if (following == nullptr) word_.store(kLocked, std::memory_order_relaxed);
        break;
      }
      waiter = following;
    }
    // [mutex-word] release, with lock()'s acquire
    if (served == nullptr) word_.store(0, std::memory_order_release);
  }
  if (served != nullptr) rt::wake(*served);
}

}  // namespace novelo
