// Once: a word that goes new -> running (-> awaited) -> done. The end of the call is told under the lock of the bucket.
#include "novelo/sync/once.h"

#include "sync/wait_table.h"

namespace novelo {

bool Once::begin() NOVELO_NO_THREAD_SAFETY_ANALYSIS {
  std::uint32_t word = kNew;
  if (word_.compare_exchange_strong(word, kRunning, std::memory_order_relaxed)) return true;
  rt::before_table_wait();
  rt::WaitBucket& bucket = rt::WaitBucket::of(&word_);
  bucket.lock().lock();
  word = word_.load(std::memory_order_acquire);  // [once-done]
  if (word == kRunning && word_.compare_exchange_strong(word, kAwaited, std::memory_order_acquire)) word = kAwaited;
  if (word == kDone) {  // [once-done] as well when the exchange failed because of it
    bucket.lock().unlock();
    return false;
  }
  rt::TableWaiter waiter(&word_);
  bucket.push_back(waiter);
  if (rt::wait_unlocking(rt::WaitReason::kOnce, waiter.address, bucket.lock()) == rt::WakeCause::kCancel) {
    bucket.lock().lock();
    bucket.remove(waiter);
    bucket.lock().unlock();
    rt::throw_cancelled();
  }
  return false;
}

void Once::end() noexcept {
  std::uint32_t word = kRunning;
  // [once-done] release, with the acquire of call() and begin(): what the call did is seen
  if (word_.compare_exchange_strong(word, kDone, std::memory_order_release, std::memory_order_relaxed)) return;
  rt::WakeList waiting;
  rt::WaitBucket& bucket = rt::WaitBucket::of(&word_);
  const rt::LockGuard guard(bucket.lock());
  word_.store(kDone, std::memory_order_release);  // [once-done]
  bucket.pop_all(&word_, waiting);
}

}  // namespace novelo
