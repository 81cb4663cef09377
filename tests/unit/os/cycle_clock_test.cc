// The cycle counter against the clock.
#include "os/cycle_clock.h"

#include <gtest/gtest.h>

#include "os/clock.h"

namespace novelo::rt {
namespace {

TEST(CycleClockTest, ADurationIsWhatTheClockSays) {
  cycle_clock_start();
  const std::int64_t outer_began = steady_ns();
  const std::uint64_t began = cycles_now();
  const std::int64_t inner_began = steady_ns();
  while (steady_ns() - inner_began < 20'000'000) {
  }
  const std::int64_t inner = steady_ns() - inner_began;
  const std::uint64_t cycles = cycles_now() - began;
  const std::int64_t outer = steady_ns() - outer_began;
  const double ns = absl::ToDoubleNanoseconds(cycles_to_duration(cycles));
  // Calibration is itself two readings of both clocks: within a hundredth.
  EXPECT_GE(ns, 0.99 * static_cast<double>(inner));
  EXPECT_LE(ns, 1.01 * static_cast<double>(outer));
}

TEST(CycleClockTest, NoCyclesAreNoTime) {
  EXPECT_EQ(cycles_to_duration(0), absl::ZeroDuration());
}

}  // namespace
}  // namespace novelo::rt
