// A futex lock whose owner does not need an atomic exchange to learn that nobody sleeps: who goes to sleep pays for
// both (lock.h). Before that it stays away for a while, and does not even look: the sections are tens of instructions
// long, but each look takes the cache line from the core that works under the lock. Left alone, that core does dozens
// of them in a microsecond; with the two alternating, each pays for the lines of the lock and of what it guards, ten
// times the work itself. It is bounded because the holder may have lost its core.
//
// Rejected: looking all the time (eight producers and consumers on two processors: 260 ns a message instead of 30). And
// Drepper's second mutex, whose unlock() is half the cost of an uncontended pair.
#include "base/lock.h"

#include "base/check.h"
#include "os/clock.h"
#include "os/futex.h"

namespace novelo::rt {
namespace {

constexpr std::int64_t kAwayNs = 1000;  // the first time, then twice as long each time
constexpr int kLooks = 5;

#if defined(NOVELO_CHECK_LOCK_RANKS)
constexpr int kHeldMax = 8;
// Select may hold tens of thousands of channel locks: those of a rank that nests are counted, not listed.
struct HeldLocks {
  struct Entry {
    LockRank rank;
    std::uint32_t count;
  };
  Entry entries[kHeldMax];
  int size = 0;
};
HeldLocks& held() noexcept {
  thread_local HeldLocks locks;
  return locks;
}
#endif

}  // namespace

void RawLock::lock_slow() noexcept {
  std::int64_t now = steady_ns();
  for (int look = 0; look < kLooks; ++look) {
    const std::int64_t until = now + (kAwayNs << look);
    do {
      cpu_relax();
      now = steady_ns();
    } while (now < until);
    std::uint32_t expected = kFree;
    // [lock-word] acquire, with unlock()'s release
    if (word_.load(relaxed) == kFree && word_.compare_exchange_weak(expected, kTaken, acquire, relaxed)) return;
  }
  Atomic<std::uint32_t>& count = sleepers(&word_);
  count.fetch_add(1, relaxed);
  heavy_barrier();  // [lock-sleep] between the counting before and the looking after
  for (std::uint32_t expected = kFree; !word_.compare_exchange_strong(expected, kTaken, acquire, relaxed);
       expected = kFree) {  // [lock-word] acquire, with unlock()'s release
    futex_wait(word_, kTaken);
  }
  count.fetch_sub(1, relaxed);
}

void RawLock::wake_one(Atomic<std::uint32_t>* word) noexcept {
  futex_wake(*word, 1);
}

#if defined(NOVELO_CHECK_LOCK_RANKS)
[[gnu::noinline]] void check_no_lock_held() noexcept {
  const HeldLocks& locks = held();
  if (locks.size > 0)
    fatal("a goroutine leaves its thread with a lock of rank %d", static_cast<int>(locks.entries[0].rank));
}

[[gnu::noinline]] void RawLock::note_acquire() noexcept {
  HeldLocks& locks = held();
  if (locks.size > 0) {
    HeldLocks::Entry& top = locks.entries[locks.size - 1];
    if (top.rank == rank_ && may_nest(rank_)) {
      ++top.count;
      return;
    }
    if (top.rank >= rank_) {
      fatal("lock of rank %d taken while one of rank %d is held", static_cast<int>(rank_), static_cast<int>(top.rank));
    }
  }
  NOVELO_CHECK(locks.size < kHeldMax);
  locks.entries[locks.size++] = {rank_, 1};
}

[[gnu::noinline]] void RawLock::note_release() noexcept {
  HeldLocks& locks = held();
  for (int i = locks.size - 1; i >= 0; --i) {
    if (locks.entries[i].rank != rank_) continue;
    if (--locks.entries[i].count == 0) {
      for (int j = i; j + 1 < locks.size; ++j) locks.entries[j] = locks.entries[j + 1];
      --locks.size;
    }
    return;
  }
  fatal("lock of rank %d released by a thread that does not hold it", static_cast<int>(rank_));
}
#endif

}  // namespace novelo::rt
