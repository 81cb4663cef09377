// runtime/src/os/clock.h
// The monotonic clock, in nanoseconds. All timers and measurements of the runtime use it; wall-clock time is only for
// what people read. In deterministic mode it is a virtual one, which stands still until it is set.
//
//   cost   about 25 ns (no system call)
#pragma once

#include <cstdint>
#include <limits>

#include "absl/time/time.h"

namespace novelo::rt {

inline constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

std::int64_t now_ns() noexcept;

// The machine's own clock, which sleeping threads go by.
std::int64_t steady_ns() noexcept;

// The time of day. Virtual time begins with the year 2000.
absl::Time wall_time() noexcept;

// By the scheduler: makes the time a virtual one, which begins at kVirtualStartNs, or with 0 the machine's own again.
inline constexpr std::int64_t kVirtualStartNs = 1'000'000'000;
void virtual_clock_set(std::int64_t now) noexcept;

// The same clock as of the kernel's last tick: a few milliseconds behind, at a fifth of the cost.
std::int64_t now_coarse_ns() noexcept;

}  // namespace novelo::rt
