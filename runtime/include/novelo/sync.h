// novelo/sync.h
// Locks and counters that park the goroutine, never the thread.
//
//   from   goroutines, and other threads, which they block
//   may    park in lock and wait, and leave them by Cancelled
//   cost   Mutex: one atomic operation to take and one to release when free
//   tested tests/conformance/sync_test.cc
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

#include "novelo/go.h"

namespace novelo {

// A mutual exclusion lock (Lockable). Those who wait are served in their order, before newcomers. May be unlocked by
// another goroutine; unlocking a free one throws RuntimeError. May be destroyed as soon as it was seen free.
class Mutex {
 public:
  constexpr Mutex() noexcept = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void lock() {
    std::uint32_t expected = 0;
    // [mutex-word] acquire, with unlock()'s release: the last owner's writes are seen
    if (!word_.compare_exchange_strong(expected, kLocked, std::memory_order_acquire, std::memory_order_relaxed)) {
      lock_slow();
    }
  }
  bool try_lock() noexcept {
    std::uint32_t expected = 0;
    return word_.compare_exchange_strong(expected, kLocked, std::memory_order_acquire, std::memory_order_relaxed);
  }
  void unlock() {
    std::uint32_t expected = kLocked;
    // [mutex-word] release, with lock()'s acquire
    if (!word_.compare_exchange_strong(expected, 0, std::memory_order_release, std::memory_order_relaxed)) {
      unlock_slow();
    }
  }

 private:
  static constexpr std::uint32_t kLocked = 1;
  static constexpr std::uint32_t kWaiters = 2;  // somebody is queued: lock() and unlock() take the slow way

  void lock_slow();
  void unlock_slow();

  std::atomic<std::uint32_t> word_{0};
};

// Waits until a counter is zero. add() by a negative number below zero throws RuntimeError. May be destroyed as soon as
// wait() has returned.
class WaitGroup {
 public:
  WaitGroup();
  ~WaitGroup();
  WaitGroup(const WaitGroup&) = delete;
  WaitGroup& operator=(const WaitGroup&) = delete;

  void add(std::int64_t n);
  void done() { add(-1); }
  void wait();

  // add(1), and a goroutine that runs f and then done().
  template <class F>
  void go(F&& f) {
    add(1);
    struct Done {
      WaitGroup* group;
      explicit Done(WaitGroup* g) noexcept : group(g) {}
      Done(Done&& other) noexcept : group(std::exchange(other.group, nullptr)) {}
      ~Done() {
        if (group != nullptr) group->done();
      }
    };
    novelo::go([body = std::decay_t<F>(std::forward<F>(f)), done = Done(this)]() mutable { std::move(body)(); });
  }

 private:
  struct State;
  State* state_;
};

}  // namespace novelo
