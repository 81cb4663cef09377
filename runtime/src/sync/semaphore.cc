// Semaphore: how much is there, with a bit that says whether somebody waits; with it, all go by the bucket's lock, and
// what is released is given to the first who waits before anybody else can take it.
#include <string>

#include "novelo/sync.h"
#include "sync/wait_table.h"

namespace novelo {
namespace {

constexpr std::int64_t kMax = std::int64_t{1} << 62;

struct SemaphoreWaiter : rt::TableWaiter {
  SemaphoreWaiter(const void* object, std::int64_t k) noexcept : TableWaiter(object), amount(k) {}
  const std::int64_t amount;
};

void require_not_negative(std::int64_t k) {
  if (k < 0) throw RuntimeError("Semaphore: a negative amount: " + std::to_string(k));
}

// Under the bucket's lock: gives what is there to those who wait, in their order. Returns what is left.
std::int64_t serve(rt::WaitBucket& bucket, const void* semaphore, std::int64_t there, rt::WakeList& served) noexcept
    NOVELO_REQUIRES(bucket.lock()) {
  while (auto* first = static_cast<SemaphoreWaiter*>(bucket.first(semaphore))) {
    if (first->amount > there) break;
    bucket.remove(*first);
    if (first->record->try_win(first->ticket, rt::WakeCause::kEvent)) {
      there -= first->amount;
      served.add(*first);
    }
  }
  return there;
}

}  // namespace

Semaphore::Semaphore(std::int64_t n) : word_(0) {
  require_not_negative(n);
  release(n);
}

bool Semaphore::try_acquire(std::int64_t k) {
  rt::choice_point();
  require_not_negative(k);
  return try_take(k);
}

bool Semaphore::try_take(std::int64_t k) noexcept {
  if (k == 0) return true;
  std::int64_t word = word_.load(std::memory_order_relaxed);
  while ((word & kQueued) == 0 && word / kOne >= k) {
    // [semaphore-word] acquire, with release()'s release
    if (word_.compare_exchange_weak(word, word - k * kOne, std::memory_order_acquire, std::memory_order_relaxed)) {
      return true;
    }
  }
  return false;
}

void Semaphore::acquire(std::int64_t k) NOVELO_NO_THREAD_SAFETY_ANALYSIS {
  rt::overflow_point();
  if (try_acquire(k)) return;
  rt::before_table_wait();
  rt::WaitBucket& bucket = rt::WaitBucket::of(this);
  bucket.lock().lock();
  for (;;) {
    if (try_take(k)) {
      bucket.lock().unlock();
      return;
    }
    std::int64_t word = word_.load(std::memory_order_relaxed);
    if ((word & kQueued) == 0 && word / kOne >= k) continue;
    if (word_.compare_exchange_weak(word, word | kQueued, std::memory_order_relaxed)) break;
  }
  SemaphoreWaiter waiter(this, k);
  bucket.push_back(waiter);
  if (rt::wait_unlocking(rt::WaitReason::kSemaphore, waiter.address, bucket.lock()) == rt::WakeCause::kCancel) {
    {
      // It may have been the one that held up those behind it.
      rt::WakeList served;
      const rt::LockGuard guard(bucket.lock());
      bucket.remove(waiter);
      // [semaphore-word] acquire: what was done before an earlier release() is passed on to whom it serves
      const std::int64_t word = word_.load(std::memory_order_acquire);
      if ((word & kQueued) != 0) {
        const std::int64_t there = serve(bucket, this, word / kOne, served);
        const std::int64_t queued = bucket.first(this) != nullptr ? kQueued : 0;
        word_.store(there * kOne | queued, std::memory_order_release);  // [semaphore-word]
      }
    }
    rt::throw_cancelled();
  }
}

void Semaphore::release(std::int64_t k) {
  rt::choice_point();
  require_not_negative(k);
  const auto after = [k](std::int64_t word) {
    if (k > kMax - 1 - word / kOne) throw RuntimeError("Semaphore: more released than it can hold");
    return word / kOne + k;
  };
  std::int64_t word = word_.load(std::memory_order_relaxed);
  while ((word & kQueued) == 0) {
    // [semaphore-word] release, with the acquire of who takes it
    if (word_.compare_exchange_weak(word, after(word) * kOne, std::memory_order_release, std::memory_order_relaxed)) {
      return;
    }
  }
  rt::WakeList served;
  rt::WaitBucket& bucket = rt::WaitBucket::of(this);
  const rt::LockGuard guard(bucket.lock());
  word = word_.load(std::memory_order_acquire);  // [semaphore-word] as in acquire()
  while ((word & kQueued) == 0) {                // those who waited have left
    if (word_.compare_exchange_weak(word, after(word) * kOne, std::memory_order_release, std::memory_order_relaxed)) {
      return;
    }
  }
  const std::int64_t there = serve(bucket, this, after(word), served);
  const std::int64_t queued = bucket.first(this) != nullptr ? kQueued : 0;
  // [semaphore-word] release. From here on the semaphore may be gone.
  word_.store(there * kOne | queued, std::memory_order_release);
}

}  // namespace novelo
