// novelo/stats.h
// What the runtime counts about itself: the source of the daemon's metrics.
//
//   from   any thread while a Runtime is alive
//   cost   O(processors); counters are read while they move, each is exact, their sum is of no single instant
//   tested tests/conformance/stats_test.cc
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace novelo {

// A histogram of durations: counts[i] fell into (bounds[i - 1], bounds[i]]; the last counts those above every bound.
struct DurationHistogram {
  std::vector<double> bounds_seconds;
  std::vector<std::uint64_t> counts;  // one more than bounds
  double sum_seconds = 0;
};

struct RuntimeStats {
  // Goroutines of the user, by state.
  std::uint64_t goroutines_running = 0;
  std::uint64_t goroutines_runnable = 0;
  std::uint64_t goroutines_waiting = 0;
  std::uint64_t goroutines_created_total = 0;

  std::vector<std::uint64_t> run_queue_length;  // one a processor
  std::uint64_t global_queue_length = 0;
  std::uint64_t procs_running = 0;
  std::uint64_t procs_idle = 0;
  std::uint64_t threads_running = 0;  // with a processor
  std::uint64_t threads_idle = 0;     // asleep until there is work
  std::uint64_t threads_blocked = 0;  // without a processor: in blocking(), or overrunning its slice

  std::uint64_t steals_total = 0;    // batches taken from another processor
  std::uint64_t handoffs_total = 0;  // processors passed on from blocked or overrunning threads
  std::uint64_t preempts_total = 0;  // goroutines asked to yield after their slice
  std::vector<std::pair<std::string_view, std::uint64_t>> parks_total;  // by reason
  DurationHistogram sched_latency;  // from runnable to running, one in eight sampled

  std::uint64_t timers = 0;  // armed now
  DurationHistogram timer_lateness;

  std::uint64_t stack_in_use_bytes = 0;  // address space of stacks with a goroutine on them
  std::uint64_t stack_idle_bytes = 0;    // of stacks that wait for one
};

// Throws RuntimeError when no Runtime is alive.
RuntimeStats runtime_stats();

// One line a goroutine: id, name, state, what it waits for and for how long. Does not stop the world.
struct GoroutineInfo {
  std::uint64_t id = 0;
  std::string name;
  std::string_view state;   // "running", "runnable", "waiting"
  std::string_view reason;  // what it waits for; empty unless waiting
  double waiting_seconds = 0;
};
std::vector<GoroutineInfo> list_goroutines();

}  // namespace novelo
