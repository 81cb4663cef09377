// novelo/sync.h
// Locks, counters and conditions that park the goroutine, never the thread.
//
//   from   goroutines, and other threads, which they block
//   may    park in lock, lock_shared, acquire, call and wait, and leave them by Cancelled: then nothing was taken, and
//          nothing keeps a trace of the caller
//   cost   each is a word or two, without an allocation; one atomic operation to take and one to release when free
//   tested tests/conformance/mutex_test.cc, tests/conformance/rw_mutex_test.cc, tests/conformance/cond_test.cc,
//          tests/conformance/semaphore_test.cc, tests/conformance/wait_group_test.cc, tests/stress/sync_test.cc
//
// None of them can be copied or moved. Misuse throws RuntimeError and changes nothing.
#pragma once

#include <atomic>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "absl/functional/function_ref.h"
#include "novelo/go.h"

namespace novelo {

// A mutual exclusion lock (Lockable). Who waits is woken in its order, and whoever comes to a free lock first takes it;
// once somebody has waited for a millisecond the lock is handed over in order, and no newcomer takes it. May be
// unlocked by another goroutine. Not recursive. May be destroyed as soon as it was seen free, though the goroutine that
// freed it is still inside unlock().
class Mutex {
 public:
  constexpr Mutex() noexcept = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void lock() {
    rt::call_point();
    std::uint32_t expected = 0;
    // [mutex-word] acquire, with unlock()'s release: the last owner's writes are seen
    if (!word_.compare_exchange_strong(expected, kLocked, std::memory_order_acquire, std::memory_order_relaxed)) {
      lock_slow();
    }
  }
  bool try_lock() noexcept {
    rt::choice_point();
    std::uint32_t expected = 0;
    // [mutex-word] as lock()
    if (word_.compare_exchange_strong(expected, kLocked, std::memory_order_acquire, std::memory_order_relaxed)) {
      return true;
    }
    return (expected & kLocked) == 0 && try_lock_slow(0);
  }
  // Of a free one: throws RuntimeError.
  void unlock() {
    rt::choice_point();
    std::uint32_t expected = kLocked;
    // [mutex-word] release, with lock()'s acquire
    if (!word_.compare_exchange_strong(expected, 0, std::memory_order_release, std::memory_order_relaxed)) {
      unlock_slow();
    }
  }

 private:
  static constexpr std::uint32_t kLocked = 1;
  static constexpr std::uint32_t kWaiters = 2;   // somebody is queued
  static constexpr std::uint32_t kWoken = 4;     // somebody was woken and has not looked yet: wake no other
  static constexpr std::uint32_t kStarving = 8;  // locked, and to be handed over

  void lock_slow();
  bool try_lock_slow(std::uint32_t cleared) noexcept;
  void unlock_slow();

  std::atomic<std::uint32_t> word_{0};
};

// A lock that one writer or many readers hold (SharedLockable). A writer that waits holds off new readers; unlock()
// lets in all readers that wait before the next writer. Not recursive: a reader that reads again while a writer waits,
// or that wants to write, waits for itself.
class RWMutex {
 public:
  constexpr RWMutex() noexcept = default;
  RWMutex(const RWMutex&) = delete;
  RWMutex& operator=(const RWMutex&) = delete;

  void lock();
  bool try_lock() noexcept;
  // Not locked by a writer: throws RuntimeError.
  void unlock();

  void lock_shared() {
    rt::overflow_point();
    if (!try_lock_shared()) lock_shared_slow();
  }
  bool try_lock_shared() noexcept {
    rt::choice_point();
    return try_enter();
  }
  // No reader: throws RuntimeError.
  void unlock_shared();

 private:
  static constexpr std::uint64_t kWriter = 1;  // one holds it, or waits for the readers to leave
  static constexpr std::uint64_t kQueued = 2;  // readers or that writer are queued; only with kWriter
  static constexpr std::uint64_t kReader = 4;  // times those who hold it

  // Of a reader: false while a writer is inside or waits.
  bool try_enter() noexcept {
    std::uint64_t word = word_.load(std::memory_order_relaxed);
    while ((word & kWriter) == 0) {
      // [rwmutex-word] acquire, with unlock()'s release: the last writer's writes are seen
      if (word_.compare_exchange_weak(word, word + kReader, std::memory_order_acquire, std::memory_order_relaxed)) {
        return true;
      }
    }
    return false;
  }
  // Of a reader: false when it is the last inside and a writer waits, which is to be woken. No reader: throws.
  bool try_leave();

  void lock_shared_slow();
  void wait_for_readers();

  Mutex writers_;  // held by the writer that kWriter stands for
  std::atomic<std::uint64_t> word_{0};
};

// Waits until others say that something has changed. Any BasicLockable goes with it; those who wait are woken in their
// order, and never without a notify.
class Cond {
 public:
  constexpr Cond() noexcept = default;
  Cond(const Cond&) = delete;
  Cond& operator=(const Cond&) = delete;

  // Unlocks and waits as one step, and locks again before it returns, also when it leaves by an exception.
  template <class L>
  void wait(L& lock) {
    wait_with([&lock] { lock.unlock(); }, [&lock] { lock.lock(); });
  }
  // Waits until `is_true()`, which runs under the lock.
  template <class L, class Condition>
  void wait(L& lock, Condition is_true) {
    while (!is_true()) wait(lock);
  }
  // Wake the first who waits, and all who wait now. With the lock held or without it.
  void notify_one() noexcept;
  void notify_all() noexcept;

 private:
  void wait_with(absl::FunctionRef<void()> unlock, absl::FunctionRef<void()> lock);

  std::atomic<std::uint32_t> waiting_{0};
};

// Waits until a counter is zero. May be destroyed as soon as wait() has returned. An add() from zero must happen before
// the wait() that is to see it.
class WaitGroup {
 public:
  constexpr WaitGroup() noexcept = default;
  WaitGroup(const WaitGroup&) = delete;
  WaitGroup& operator=(const WaitGroup&) = delete;

  // Below zero, or more than 2^62: throws RuntimeError.
  void add(std::int64_t n);
  void done() { add(-1); }
  // Returns when the counter is zero, or was since the call.
  void wait();

  // add(1), and a goroutine that runs f and then done().
  template <class F>
  [[gnu::always_inline]] inline void go(F&& f) {
    add(1);
    struct Done {
      WaitGroup* group;
      explicit Done(WaitGroup* g) noexcept : group(g) {}
      Done(Done&& other) noexcept : group(std::exchange(other.group, nullptr)) {}
      ~Done() {
        if (group != nullptr) group->done();
      }
    } done(this);  // counted down again though copying f throws, or starting the goroutine
    rt::start(rt::Closure(
        [done = std::move(done), body = std::decay_t<F>(std::forward<F>(f))]() mutable { std::move(body)(); },
        std::type_identity<std::decay_t<F>>()));
  }

 private:
  static constexpr std::int64_t kWaiting = 1;  // somebody is queued; only with a counter above zero
  static constexpr std::int64_t kOne = 2;      // times the counter

  void add_slow(std::int64_t n);

  std::atomic<std::int64_t> word_{0};
};

// Counts what may be taken. First come, first served: who waits for much is not overtaken by who wants little. May be
// destroyed as soon as the acquire() that took the last has returned, though another is still inside release().
class Semaphore {
 public:
  // Negative: throws RuntimeError.
  explicit Semaphore(std::int64_t n);
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;

  // A negative k throws RuntimeError; zero is always there. More than was ever released is waited for.
  void acquire(std::int64_t k = 1);
  // False also while others queue.
  bool try_acquire(std::int64_t k = 1);
  // Beyond 2^62: throws RuntimeError.
  void release(std::int64_t k = 1);

 private:
  static constexpr std::int64_t kQueued = 1;  // somebody waits: all go the slow way
  static constexpr std::int64_t kOne = 2;     // times what is there

  bool try_take(std::int64_t k) noexcept;

  std::atomic<std::int64_t> word_;
};

}  // namespace novelo

#include "novelo/sync/once.h"
#include "novelo/sync/pool.h"
#include "novelo/sync/single_flight.h"
