// runtime/src/os/cycle_clock.h
// The processor's own counter, for measuring what happens at each switch: a few nanoseconds instead of the 25 of
// now_ns(). Where the processor has none that counts evenly, it is now_ns()'s clock.
//
//   who        anybody; differences alone mean something, and one taken on two cores may come out below zero by a hair
//   tested     tests/unit/os/cycle_clock_test.cc
#pragma once

#include <cstdint>

#include "absl/time/time.h"

namespace novelo::rt {

std::uint64_t cycles_now() noexcept;

// How long so many cycles are. Compares the counter with the clock since the first call of cycle_clock_start(), so the
// first millisecond after it gives a rough answer.
absl::Duration cycles_to_duration(std::uint64_t cycles) noexcept;

// Called before the first measurement; later calls do nothing.
void cycle_clock_start() noexcept;

}  // namespace novelo::rt
