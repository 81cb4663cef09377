// runtime/src/gc/pacer.h
// When a cycle begins, and how much those who allocate must mark meanwhile: so that marking ends before the heap has
// grown by the wanted part of what was alive.
//
//   who        goroutines that allocate, each time they have taken a page or so; the collector at the ends of cycles
//   invariants none between threads: all are estimates
//   tested     tests/unit/gc/pacer_test.cc
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/atomic.h"

namespace novelo::rt {

class Pacer {
 public:
  static constexpr std::uint64_t kHeapMin = std::uint64_t{4} << 20;  // a processor: no cycle before, with percent 100
  static constexpr int kPercent = 100;

  // Counts, or with negative numbers takes back what was not used; true when it is time for a cycle.
  bool allocated(std::int64_t bytes) noexcept {
    const std::int64_t heap = heap_bytes_.fetch_add(bytes, relaxed) + bytes;
    total_bytes_.fetch_add(static_cast<std::uint64_t>(bytes), relaxed);
    return heap >= static_cast<std::int64_t>(trigger_bytes_.load(relaxed));
  }
  bool is_over() const noexcept { return heap_bytes() > goal_bytes_.load(relaxed); }
  // So late is the cycle that who allocates has to wait for it.
  bool is_far_over() const noexcept { return heap_bytes() > ceiling_bytes_.load(relaxed); }
  void allocated_cells(std::int64_t cells) noexcept {
    total_cells_.fetch_add(static_cast<std::uint64_t>(cells), relaxed);
  }

  void begin_cycle(int procs = 1) noexcept;
  // What was alive; with it what may be allocated until the next cycle is known.
  void end_marking(std::uint64_t live_bytes) noexcept;

  // Bytes to be marked for a byte that is allocated now.
  double marks_per_byte() const noexcept { return marks_per_byte_.load(relaxed); }

  // Growth over what is alive, in percent; negative: only the limit counts. Return what it was.
  int set_percent(int percent) noexcept;
  int percent() const noexcept { return percent_.load(relaxed); }
  // Soft, in bytes of collected objects. Return what it was.
  std::uint64_t set_limit(std::uint64_t bytes) noexcept;

  std::uint64_t live_bytes() const noexcept { return live_bytes_.load(relaxed); }  // at the end of the last cycle
  // With what was allocated since.
  std::uint64_t heap_bytes() const noexcept {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(heap_bytes_.load(relaxed), 0));
  }
  std::uint64_t goal_bytes() const noexcept { return goal_bytes_.load(relaxed); }
  std::uint64_t ceiling_bytes() const noexcept { return ceiling_bytes_.load(relaxed); }
  std::uint64_t total_bytes() const noexcept { return total_bytes_.load(relaxed); }
  std::uint64_t total_cells() const noexcept { return total_cells_.load(relaxed); }

 private:
  void set_goal() noexcept;

  Atomic<std::int64_t> heap_bytes_{0};
  Atomic<std::uint64_t> live_bytes_{0};
  Atomic<std::uint64_t> heap_min_{kHeapMin};
  Atomic<std::uint64_t> goal_bytes_{kHeapMin};
  Atomic<std::uint64_t> trigger_bytes_{kHeapMin / 4 * 3};
  Atomic<std::uint64_t> ceiling_bytes_{kHeapMin / 4 * 5};
  Atomic<std::uint64_t> limit_bytes_{~std::uint64_t{0}};
  Atomic<int> percent_{kPercent};
  Atomic<double> marks_per_byte_{0};
  Atomic<std::uint64_t> begun_at_bytes_{0};
  Atomic<std::uint64_t> runway_bytes_{0};  // what was allocated while the last cycle marked
  Atomic<std::uint64_t> total_bytes_{0};
  Atomic<std::uint64_t> total_cells_{0};
};

}  // namespace novelo::rt
