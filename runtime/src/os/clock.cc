// The monotonic clock through the vDSO.
#include "os/clock.h"

#include <time.h>

namespace novelo::rt {

namespace {
std::int64_t read_clock(clockid_t clock) noexcept {
  timespec now;
  clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}
}  // namespace

std::int64_t now_ns() noexcept {
  return read_clock(CLOCK_MONOTONIC);
}
std::int64_t now_coarse_ns() noexcept {
  return read_clock(CLOCK_MONOTONIC_COARSE);
}

}  // namespace novelo::rt
