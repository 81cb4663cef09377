// The next cycle begins as much before the goal as was allocated while the last one marked, and a little more.
#include "gc/pacer.h"

#include <algorithm>

namespace novelo::rt {
namespace {
constexpr std::uint64_t kNoGoal = std::uint64_t{1} << 62;
}

void Pacer::set_goal() noexcept {
  const std::uint64_t live = live_bytes_.load(relaxed);
  const int percent = percent_.load(relaxed);
  std::uint64_t goal = kNoGoal;
  if (percent >= 0) {
    const auto growth = static_cast<std::uint64_t>(static_cast<double>(live) * percent / 100);
    goal = std::max(live + growth, heap_min_.load(relaxed) / 100 * static_cast<std::uint64_t>(percent));
  }
  // Beyond the limit a cycle a sixteenth of the heap: more would be nothing but cycles.
  goal = std::min(goal, std::max(limit_bytes_.load(relaxed), live + live / 16 + kHeapMin / 4));
  goal_bytes_.store(goal, relaxed);
  const std::uint64_t room = goal > live ? goal - live : 0;
  const std::uint64_t runway = std::clamp(runway_bytes_.load(relaxed) / 8 * 9, room / 8, room / 10 * 7);
  trigger_bytes_.store(goal >= kNoGoal ? kNoGoal : goal - runway, relaxed);
  ceiling_bytes_.store(goal + std::max(room / 4, kHeapMin / 4), relaxed);
}

void Pacer::begin_cycle(int procs) noexcept {
  constexpr int kProcsCounted = 8;
  heap_min_.store(kHeapMin * static_cast<std::uint64_t>(std::clamp(procs, 1, kProcsCounted)), relaxed);
  const std::uint64_t heap = heap_bytes();
  begun_at_bytes_.store(heap, relaxed);
  const std::uint64_t goal = goal_bytes_.load(relaxed);
  const std::uint64_t room = std::max(goal > heap ? goal - heap : 0, heap / 16 + (std::uint64_t{64} << 10));
  // All that is there may be alive: a tenth more than was at the last end, as a rule.
  const std::uint64_t work = std::min(heap, live_bytes_.load(relaxed) / 10 * 11 + kHeapMin / 8);
  marks_per_byte_.store(std::min(static_cast<double>(work) / static_cast<double>(room), 64.0), relaxed);
}

void Pacer::end_marking(std::uint64_t live_bytes) noexcept {
  marks_per_byte_.store(0, relaxed);
  const std::uint64_t heap = heap_bytes();
  const std::uint64_t begun = begun_at_bytes_.load(relaxed);
  runway_bytes_.store(heap > begun ? heap - begun : 0, relaxed);
  live_bytes_.store(live_bytes, relaxed);
  heap_bytes_.store(static_cast<std::int64_t>(live_bytes), relaxed);
  set_goal();
}

int Pacer::set_percent(int percent) noexcept {
  const int before = percent_.exchange(percent, relaxed);
  set_goal();
  return before;
}

std::uint64_t Pacer::set_limit(std::uint64_t bytes) noexcept {
  const std::uint64_t before = limit_bytes_.exchange(bytes, relaxed);
  set_goal();
  return before;
}

}  // namespace novelo::rt
