// Mutex: a word, and a queue in the wait table. It has two modes, as Go's has.
//
//   normal    unlock() makes the lock free and wakes the first who waits; whoever comes first takes it, and that is
//             mostly a goroutine that is running already. Who was woken and finds it taken goes back to the front
//   starving  once somebody has waited for kStarvesAfterNs: unlock() hands the lock over to the first and it never
//             becomes free, until one is handed the lock who had not waited that long, or nobody waits
//
// Rejected: always handing it over. Each lock then costs two context switches as soon as two goroutines want it. And
// never handing it over: a goroutine that takes the lock again at once would keep it for ever.
//
// The word, while it is locked, is changed by the owner and, under the bucket's lock, by those who queue and leave.
#include "novelo/sync.h"
#include "os/clock.h"
#include "sync/wait_table.h"

namespace novelo {
namespace {
constexpr std::int64_t kStarvesAfterNs = 1'000'000;
// Woken too late so many times it starves as well: in deterministic mode time does not pass meanwhile.
constexpr int kStarvesAfterLosses = 1000;
}  // namespace

bool Mutex::try_lock_slow(std::uint32_t cleared) noexcept {
  std::uint32_t word = word_.load(std::memory_order_relaxed);
  while ((word & (kLocked | kStarving)) == 0) {
    // [mutex-word] acquire, with unlock()'s release
    if (word_.compare_exchange_weak(word, (word | kLocked) & ~cleared, std::memory_order_acquire,
                                    std::memory_order_relaxed)) {
      return true;
    }
  }
  return false;
}

void Mutex::lock_slow() NOVELO_NO_THREAD_SAFETY_ANALYSIS {
  rt::before_blocking();
  if (try_lock_slow(0)) return;
  if (!rt::is_findable()) rt::enter_scope_list();
  rt::WaitBucket& bucket = rt::WaitBucket::of(this);
  std::int64_t since = 0;
  int losses = 0;
  // Of one who was woken: its own bits in the word. kWoken is given back when it takes the lock or queues again; an
  // unlock() between the two wakes nobody else.
  std::uint32_t cleared = 0;
  std::uint32_t added = kWaiters;
  for (;;) {
    bucket.lock().lock();
    std::uint32_t word = word_.load(std::memory_order_relaxed);
    for (;;) {
      if ((word & (kLocked | kStarving)) == 0) {
        if (try_lock_slow(cleared)) {
          bucket.lock().unlock();
          return;
        }
        word = word_.load(std::memory_order_relaxed);
      } else if (word_.compare_exchange_weak(word, (word | added) & ~cleared, std::memory_order_relaxed)) {
        break;
      }
    }
    rt::TableWaiter waiter(this);
    if (cleared == 0) {
      bucket.push_back(waiter);
      since = rt::now_ns();
    } else {
      bucket.push_front(waiter);
    }
    if (rt::wait_unlocking(rt::WaitReason::kMutex, waiter.address, bucket.lock()) == rt::WakeCause::kCancel) {
      bucket.lock().lock();
      bucket.remove(waiter);
      if (bucket.first(this) == nullptr) word_.fetch_and(~(kWaiters | kStarving), std::memory_order_relaxed);
      bucket.lock().unlock();
      rt::throw_cancelled();
    }
    const bool starves = rt::now_ns() - since > kStarvesAfterNs;
    if (waiter.has_succeeded) {
      // Handed over. The last one, and one who had not to wait long, ends the mode.
      if (!starves || (word_.load(std::memory_order_relaxed) & kWaiters) == 0) {
        word_.fetch_and(~kStarving, std::memory_order_relaxed);
      }
      return;
    }
    if (try_lock_slow(kWoken)) return;
    cleared = kWoken;
    added = starves || ++losses >= kStarvesAfterLosses ? kWaiters | kStarving : kWaiters;
  }
}

void Mutex::unlock_slow() {
  std::uint32_t word = word_.load(std::memory_order_relaxed);
  // Nobody needs to be woken: somebody has been already, or nobody waits.
  while ((word & (kLocked | kStarving)) == kLocked && (word & (kWaiters | kWoken)) != kWaiters) {
    // [mutex-word] release, with lock()'s acquire
    if (word_.compare_exchange_weak(word, word & ~kLocked, std::memory_order_release, std::memory_order_relaxed)) {
      return;
    }
  }
  rt::WaitBucket& bucket = rt::WaitBucket::of(this);
  rt::WakeList next;
  const rt::LockGuard guard(bucket.lock());
  word = word_.load(std::memory_order_relaxed);
  if ((word & kLocked) == 0) throw RuntimeError("unlock of an unlocked Mutex");
  rt::TableWaiter* waiter = bucket.pop_winner(this);
  const std::uint32_t left = bucket.first(this) != nullptr ? kWaiters : 0;
  if (waiter != nullptr) {
    next.add(*waiter);
    if ((word & kStarving) != 0) {
      waiter->has_succeeded = true;
      word_.store(kLocked | kStarving | left, std::memory_order_relaxed);
      return;
    }
  }
  // [mutex-word] release, with lock()'s acquire. From here on the mutex may be gone.
  word_.store(waiter != nullptr ? kWoken | left : 0, std::memory_order_release);
}

}  // namespace novelo
