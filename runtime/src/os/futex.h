// runtime/src/os/futex.h
// Sleeping in the kernel until a word changes. Private to the process.
//
//   who    threads, on the system stack or inside Lock; never a signal handler
//   cost   a system call each
#pragma once

#include <cstdint>

#include "base/atomic.h"

namespace novelo::rt {

// Sleeps while `word` holds `expected`; returns on a wake, on a change, or for no reason. The caller looks again.
void futex_wait(const Atomic<std::uint32_t>& word, std::uint32_t expected) noexcept;

// As futex_wait, but no longer than until `deadline_ns` on the monotonic clock.
void futex_wait_until(const Atomic<std::uint32_t>& word, std::uint32_t expected, std::int64_t deadline_ns) noexcept;

// Wakes up to `count` sleepers. `word` may be gone by now: only its address is used.
void futex_wake(const Atomic<std::uint32_t>& word, int count) noexcept;

}  // namespace novelo::rt
