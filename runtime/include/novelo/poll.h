// novelo/poll.h
// For loops that make no call of the runtime: NOVELO_POLL() lets it have a word.
//
//   from   anywhere; outside goroutines and inside blocking() it does nothing but see to a stack that was used up
//   cost   about a nanosecond when nothing is wanted of the goroutine: two loads and a branch
//   may    let others go first and go on in another thread; throw StackOverflow when the stack was used up
//   tested tests/conformance/poll_test.cc
//
// Every call of the runtime is such a poll already: sending, locking, making an object. A goroutine that computes on
// for milliseconds without any holds up each collection, and keeps its thread while its processor goes to another; with
// a poll in the loop it answers the collector and makes way when its slice is over:
//
//   for (const Body& body : bodies) {
//     NOVELO_POLL();
//     forces += attraction(body, here);
//   }
//
// Cancellation is not delivered, as at every call that does not block: such a loop may be in the middle of something.
// One that is to be left calls yield() now and then, or looks at its context.
#pragma once

#include <atomic>
#include <cstdint>

namespace novelo::rt {

extern "C" {
// Of the goroutine that runs on this thread: not zero when something is wanted of it. Read through attention() alone.
extern __thread const std::atomic<std::uint32_t>* novelo_attention __attribute__((tls_model("initial-exec")));
}

// Reads the thread-local afresh each time: after a poll the same code may run in another thread, and a compiler may
// keep the address of a thread-local in a register across any call.
inline std::uint32_t attention() noexcept {
  const std::atomic<std::uint32_t>* word;
#if defined(__x86_64__)
  asm volatile(
      "movq novelo_attention@gottpoff(%%rip), %0\n\t"
      "movq %%fs:(%0), %0"
      : "=r"(word));
#else
  std::uintptr_t thread;
  asm volatile(
      "adrp %0, :gottprel:novelo_attention\n\t"
      "ldr %0, [%0, :gottprel_lo12:novelo_attention]\n\t"
      "mrs %1, tpidr_el0\n\t"
      "ldr %0, [%1, %0]"
      : "=&r"(word), "=&r"(thread));
#endif
  return word->load(std::memory_order_relaxed);
}

[[gnu::cold]] void poll_slow();
inline void poll() {
  if (attention() != 0) [[unlikely]]
    poll_slow();
}

}  // namespace novelo::rt

#define NOVELO_POLL() ::novelo::rt::poll()
