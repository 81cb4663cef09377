// runtime/src/base/atomic.h
// The only door to atomics in the runtime: the type, the short names of the orders, and the fences. With NOVELO_MODEL
// they are those of the explorer in tests/support/model, which runs small programs in every interleaving.
//
//   who    every file of the runtime; nothing else in it includes <atomic>
//   cost   that of std::atomic
//
// Orders are always written out. Every access that is not a plain relaxed counter carries a tag such as
// [rq-publish] on both sides of the pair; tests/lint checks that each tag has two sides.
#pragma once

#include <atomic>
#include <cstddef>

#if defined(NOVELO_MODEL)
#include "support/model/atomic.h"
#endif

namespace novelo::rt {

#if defined(NOVELO_MODEL)
template <class T>
using Atomic = model::Atomic<T>;
inline constexpr bool kModelBuild = true;
#else
template <class T>
using Atomic = std::atomic<T>;
inline constexpr bool kModelBuild = false;
#endif

inline constexpr std::memory_order relaxed = std::memory_order_relaxed;
inline constexpr std::memory_order acquire = std::memory_order_acquire;
inline constexpr std::memory_order release = std::memory_order_release;
inline constexpr std::memory_order acq_rel = std::memory_order_acq_rel;
inline constexpr std::memory_order seq_cst = std::memory_order_seq_cst;

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define NOVELO_TSAN 1
#endif
#if __has_feature(address_sanitizer)
#define NOVELO_ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define NOVELO_TSAN 1
#endif
#if defined(__SANITIZE_ADDRESS__)
#define NOVELO_ASAN 1
#endif

// Orders every earlier access of this thread before every later one, stores before loads included. Both sides of a
// store-then-load handshake need one.
inline void full_fence() noexcept {
#if defined(NOVELO_MODEL)
  model::fence();
#elif defined(NOVELO_TSAN)
  // ThreadSanitizer does not model fences. A read-modify-write of the thread's own word has the same effect on the
  // machine and tells the sanitizer nothing, so that no race is hidden.
  thread_local Atomic<int> own{0};
  own.fetch_add(0, seq_cst);
#elif defined(__x86_64__)
  asm volatile("lock; addl $0, -8(%%rsp)" ::: "memory", "cc");  // a third of mfence's price
#else
  std::atomic_thread_fence(seq_cst);
#endif
}

// Keeps the compiler, not the machine, from moving accesses across it.
inline void compiler_fence() noexcept {
  asm volatile("" ::: "memory");
}

// Orders every earlier store before every later one.
inline void store_fence() noexcept {
#if defined(__x86_64__)
  compiler_fence();  // stores are seen in their order
#else
  asm volatile("dmb ishst" ::: "memory");
#endif
}

// The machine's hint for a bounded spin.
inline void cpu_relax() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield" ::: "memory");
#endif
}

// More on a counter that only its owner writes and anybody reads.
template <class T>
inline void count(Atomic<T>& counter, T more = 1) noexcept {
  counter.store(counter.load(relaxed) + more, relaxed);
}

inline constexpr std::size_t kCacheLine = 64;

}  // namespace novelo::rt
