// The monotonic clock through the vDSO.
#include "os/clock.h"

#include <time.h>

#include "absl/time/clock.h"
#include "base/atomic.h"

namespace novelo::rt {

namespace {
std::int64_t read_clock(clockid_t clock) noexcept {
  timespec now;
  clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

Atomic<std::int64_t> g_virtual_now{0};  // 0: time is the machine's

}  // namespace

std::int64_t now_ns() noexcept {
  const std::int64_t now = g_virtual_now.load(relaxed);
  return now != 0 ? now : read_clock(CLOCK_MONOTONIC);
}
std::int64_t now_coarse_ns() noexcept {
  const std::int64_t now = g_virtual_now.load(relaxed);
  return now != 0 ? now : read_clock(CLOCK_MONOTONIC_COARSE);
}
std::int64_t steady_ns() noexcept {
  return read_clock(CLOCK_MONOTONIC);
}

absl::Time wall_time() noexcept {
  constexpr std::int64_t kStartOf2000 = 946'684'800;
  const std::int64_t now = g_virtual_now.load(relaxed);
  return now == 0 ? absl::Now() : absl::FromUnixSeconds(kStartOf2000) + absl::Nanoseconds(now - kVirtualStartNs);
}

void virtual_clock_set(std::int64_t now) noexcept {
  g_virtual_now.store(now, relaxed);
}

}  // namespace novelo::rt
