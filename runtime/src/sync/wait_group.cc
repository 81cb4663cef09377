// WaitGroup: a counter with a bit that says whether somebody waits. Whoever makes it zero then does so under the lock
// of the bucket: a wait() that sees zero may destroy the group at once.
#include <string>

#include "novelo/sync.h"
#include "sync/wait_table.h"

namespace novelo {
namespace {

constexpr std::int64_t kCounterMax = std::int64_t{1} << 62;

// What the counter will be. `word` holds the counter times two.
std::int64_t counter_after(std::int64_t word, std::int64_t n) {
  const std::int64_t counter = word >> 1;
  if (n < -counter) {
    throw RuntimeError("WaitGroup: the counter would become negative: " + std::to_string(counter) + " with " +
                       std::to_string(n) + " added");
  }
  if (n >= kCounterMax - counter) throw RuntimeError("WaitGroup: the counter would become too large");
  return counter + n;
}

}  // namespace

void WaitGroup::add(std::int64_t n) {
  rt::choice_point();
  std::int64_t word = word_.load(std::memory_order_relaxed);
  for (;;) {
    const std::int64_t counter = counter_after(word, n);
    if (counter == 0 && (word & kWaiting) != 0) return add_slow(n);
    // [group-zero] acq_rel, with wait()'s acquire: who sees zero sees what was done before each done()
    if (word_.compare_exchange_weak(word, counter * kOne | (word & kWaiting), std::memory_order_acq_rel,
                                    std::memory_order_relaxed)) {
      return;
    }
  }
}

void WaitGroup::add_slow(std::int64_t n) {
  rt::WakeList waiting;
  rt::WaitBucket& bucket = rt::WaitBucket::of(this);
  const rt::LockGuard guard(bucket.lock());
  std::int64_t word = word_.load(std::memory_order_relaxed);
  for (;;) {
    const std::int64_t counter = counter_after(word, n);
    const std::int64_t changed = counter == 0 ? 0 : counter * kOne | (word & kWaiting);
    // [group-zero] acq_rel, as add(). At zero the group may be gone from here on.
    if (word_.compare_exchange_weak(word, changed, std::memory_order_acq_rel, std::memory_order_relaxed)) {
      if (counter == 0) bucket.pop_all(this, waiting);
      return;
    }
  }
}

void WaitGroup::wait() NOVELO_NO_THREAD_SAFETY_ANALYSIS {
  rt::overflow_point();
  if (word_.load(std::memory_order_acquire) == 0) return;  // [group-zero]
  rt::before_table_wait();
  rt::WaitBucket& bucket = rt::WaitBucket::of(this);
  bucket.lock().lock();
  std::int64_t word = word_.load(std::memory_order_acquire);  // [group-zero]
  do {
    if (word == 0) {
      bucket.lock().unlock();
      return;
    }
    // [group-zero] acquire when it fails because of zero
  } while (!word_.compare_exchange_weak(word, word | kWaiting, std::memory_order_acquire));
  rt::TableWaiter waiter(this);
  bucket.push_back(waiter);
  if (rt::wait_unlocking(rt::WaitReason::kWaitGroup, waiter.address, bucket.lock()) == rt::WakeCause::kCancel) {
    bucket.lock().lock();
    bucket.remove(waiter);
    if (bucket.first(this) == nullptr) word_.fetch_and(~kWaiting, std::memory_order_relaxed);
    bucket.lock().unlock();
    rt::throw_cancelled();
  }
}

}  // namespace novelo
