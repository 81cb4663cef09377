// runtime/src/os/clock.h
// The monotonic clock, in nanoseconds. All timers and measurements of the runtime use it; wall-clock time is only for
// what people read.
//
//   cost   about 25 ns (no system call)
#pragma once

#include <cstdint>
#include <limits>

namespace novelo::rt {

inline constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

std::int64_t now_ns() noexcept;

// The same clock as of the kernel's last tick: a few milliseconds behind, at a fifth of the cost.
std::int64_t now_coarse_ns() noexcept;

}  // namespace novelo::rt
