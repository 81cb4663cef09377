// runtime/src/base/lock.h
// A lock of the thread, for the short critical sections inside the runtime. It never parks a goroutine: a thread that
// finds it taken stays away from it for one microsecond, then for two, to sixteen, and then sleeps in the kernel.
//
//   who        code of the runtime, on any stack; never user code under it, never a park
//              (park()'s commit releases the lock that protects the queue the goroutine was put in)
//   cost       one atomic exchange to take and two plain accesses to release, when uncontended; 8 bytes
//   invariants word_ is 0 free, 1 taken; whoever sleeps on it is counted in sleepers() meanwhile
//   tested     tests/unit/base/lock_test.cc
//
// The handshake [lock-sleep]. Who unlocks:         word_ := free; light barrier; does anybody sleep?
// Who is about to sleep: counts itself;            heavy barrier; is the word still taken?
// Either the first sees the sleeper or the second sees the free lock. The counts stand in a table by the address of the
// lock, so that unlock() does not touch a lock that another thread may have destroyed once it was free.
#pragma once

#include <cstdint>

#include "base/atomic.h"
#include "base/lock_rank.h"
#include "os/barrier.h"

#if defined(__clang__)
#define NOVELO_CAPABILITY(x) __attribute__((capability(x)))
#define NOVELO_SCOPED_CAPABILITY __attribute__((scoped_lockable))
#define NOVELO_GUARDED_BY(x) __attribute__((guarded_by(x)))
#define NOVELO_ACQUIRE(...) __attribute__((acquire_capability(__VA_ARGS__)))
#define NOVELO_RELEASE(...) __attribute__((release_capability(__VA_ARGS__)))
#define NOVELO_REQUIRES(...) __attribute__((requires_capability(__VA_ARGS__)))
#define NOVELO_RETURN_CAPABILITY(x) __attribute__((lock_returned(x)))
#define NOVELO_NO_THREAD_SAFETY_ANALYSIS __attribute__((no_thread_safety_analysis))
#else
#define NOVELO_CAPABILITY(x)
#define NOVELO_SCOPED_CAPABILITY
#define NOVELO_GUARDED_BY(x)
#define NOVELO_ACQUIRE(...)
#define NOVELO_RELEASE(...)
#define NOVELO_REQUIRES(...)
#define NOVELO_RETURN_CAPABILITY(x)
#define NOVELO_NO_THREAD_SAFETY_ANALYSIS
#endif

#if !defined(NDEBUG) || defined(NOVELO_TSAN) || defined(NOVELO_ASAN)
#define NOVELO_CHECK_LOCK_RANKS 1
#endif

namespace novelo::rt {

#if defined(NOVELO_MODEL)
class NOVELO_CAPABILITY("lock") RawLock {
 public:
  explicit RawLock(LockRank) noexcept {}
  void lock() NOVELO_ACQUIRE() { lock_.lock(); }
  void unlock() NOVELO_RELEASE() { lock_.unlock(); }

 private:
  model::ModelLock lock_;
};
#else
class NOVELO_CAPABILITY("lock") RawLock {
 public:
  constexpr explicit RawLock(LockRank rank) noexcept : rank_(rank) {}
  RawLock(const RawLock&) = delete;
  RawLock& operator=(const RawLock&) = delete;

  void lock() noexcept NOVELO_ACQUIRE() {
#if defined(NOVELO_CHECK_LOCK_RANKS)
    note_acquire();
#endif
    std::uint32_t expected = kFree;
    // [lock-word] acquire, with unlock()'s release: what the last holder wrote is seen
    if (!word_.compare_exchange_strong(expected, kTaken, acquire, relaxed)) [[unlikely]]
      lock_slow();
  }

  void unlock() noexcept NOVELO_RELEASE() {
#if defined(NOVELO_CHECK_LOCK_RANKS)
    note_release();
#endif
    // [lock-word] release, with lock()'s acquire. After this line the lock may be gone: only its address is used.
    word_.store(kFree, release);
    light_barrier();  // [lock-sleep] with lock_slow()'s heavy_barrier()
    if (sleepers(&word_).load(relaxed) != 0) [[unlikely]]
      wake_one(&word_);
  }

 private:
  static constexpr std::uint32_t kFree = 0;
  static constexpr std::uint32_t kTaken = 1;

  // How many threads sleep on locks that share an entry with this one. Sharing costs a system call, no more.
  static constexpr std::size_t kSleeperCounts = 256;
  static inline Atomic<std::uint32_t> sleeper_counts_[kSleeperCounts] = {};
  static Atomic<std::uint32_t>& sleepers(const void* word) noexcept {
    return sleeper_counts_[reinterpret_cast<std::uintptr_t>(word) / 16 % kSleeperCounts];
  }

  void lock_slow() noexcept;
  static void wake_one(Atomic<std::uint32_t>* word) noexcept;
  void note_acquire() noexcept;
  void note_release() noexcept;

  Atomic<std::uint32_t> word_{kFree};
  const LockRank rank_;
};
#endif

// Where a goroutine may leave its thread: fatal in builds that check lock ranks if the calling thread holds a lock.
#if defined(NOVELO_CHECK_LOCK_RANKS)
void check_no_lock_held() noexcept;
#else
inline void check_no_lock_held() noexcept {}
#endif

template <LockRank kRank>
class NOVELO_CAPABILITY("lock") Lock : public RawLock {
 public:
  constexpr Lock() noexcept : RawLock(kRank) {}
};

class NOVELO_SCOPED_CAPABILITY LockGuard {
 public:
  explicit LockGuard(RawLock& lock) noexcept NOVELO_ACQUIRE(lock) : lock_(lock) { lock_.lock(); }
  ~LockGuard() NOVELO_RELEASE() { lock_.unlock(); }
  LockGuard(const LockGuard&) = delete;
  LockGuard& operator=(const LockGuard&) = delete;

 private:
  RawLock& lock_;
};

}  // namespace novelo::rt
