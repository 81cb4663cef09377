// From durations to the clock of the heaps, and the heap to use.
#include "time/heap_timer.h"

#include <algorithm>

#include "os/clock.h"

namespace novelo::rt {

std::int64_t due_after(absl::Duration d) noexcept {
  const std::int64_t ns = std::clamp<std::int64_t>(absl::ToInt64Nanoseconds(d), 0, kFarNs);
  // The clock's nanoseconds round down; one more keeps "never early" true for durations with a fraction.
  const bool has_fraction = d > absl::Nanoseconds(ns);
  return now_ns() + ns + (has_fraction ? 1 : 0);
}

TimerHeap& near_heap() {
  Scheduler& alive = require_scheduler();
  const PinnedProcessor p;
  return alive.processor_for_timers(p).timers;
}

}  // namespace novelo::rt

namespace novelo {

absl::Time now() {
  return rt::wall_time();
}

}  // namespace novelo
