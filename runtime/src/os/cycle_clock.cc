// Calibrated against the clock, so that neither a processor's nor a hypervisor's word has to be taken for its rate.
#include "os/cycle_clock.h"

#include "os/clock.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <x86intrin.h>
#endif

namespace novelo::rt {
namespace {

#if defined(__x86_64__)
bool has_invariant_counter() noexcept {
  constexpr unsigned kPowerManagement = 0x80000007;
  constexpr unsigned kInvariantTsc = 1U << 8;
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  return __get_cpuid(kPowerManagement, &a, &b, &c, &d) != 0 && (d & kInvariantTsc) != 0;
}
const bool g_has_counter = has_invariant_counter();
#endif

// Both clocks at one instant: of a few readings the one that was interrupted least.
struct Instant {
  std::int64_t ns = 0;
  std::uint64_t cycles = 0;
};

Instant read_both() noexcept {
  constexpr int kReadings = 5;
  Instant best;
  std::uint64_t shortest = ~std::uint64_t{0};
  for (int i = 0; i < kReadings; ++i) {
    const std::uint64_t before = cycles_now();
    const std::int64_t ns = steady_ns();
    const std::uint64_t took = cycles_now() - before;
    if (took >= shortest) continue;
    shortest = took;
    best = {.ns = ns, .cycles = before + took / 2};
  }
  return best;
}

const Instant& start() noexcept {
  static const Instant first = read_both();
  return first;
}

}  // namespace

std::uint64_t cycles_now() noexcept {
#if defined(__x86_64__)
  if (g_has_counter) [[likely]]
    return __rdtsc();
#elif defined(__aarch64__)
  std::uint64_t cycles;
  asm volatile("mrs %0, cntvct_el0" : "=r"(cycles));
  return cycles;
#endif
  return static_cast<std::uint64_t>(steady_ns());
}

absl::Duration cycles_to_duration(std::uint64_t cycles) noexcept {
  const Instant& first = start();
  const Instant now = read_both();
  if (now.ns <= first.ns || now.cycles <= first.cycles) return absl::ZeroDuration();
  const auto ns = static_cast<double>(now.ns - first.ns);
  const auto passed = static_cast<double>(now.cycles - first.cycles);
  return absl::Nanoseconds(static_cast<double>(cycles) * (ns / passed));
}

void cycle_clock_start() noexcept {
  start();
}

}  // namespace novelo::rt
