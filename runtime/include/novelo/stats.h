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
  DurationHistogram sched_latency;                                      // from runnable to running, one in 32 sampled

  std::uint64_t timers = 0;  // armed now
  DurationHistogram timer_lateness;

  // The heaps: the runtime's own objects (channels, timers, scopes), and collected ones.
  std::uint64_t heap_in_use_bytes = 0;    // in spans that hold some, those that processors keep ready included
  std::uint64_t heap_free_bytes = 0;      // in spans that hold none
  std::uint64_t heap_released_bytes = 0;  // the same, after their memory went back to the system

  std::uint64_t stack_in_use_bytes = 0;  // address space of stacks with a goroutine on them
  std::uint64_t stack_idle_bytes = 0;    // of stacks that wait for one
  std::uint64_t stack_grown_total = 0;   // times a stack grew into its neighbour
  std::uint64_t stack_overflows_total = 0;
  std::uint64_t stack_released_bytes_total = 0;  // address space whose memory was given back to the system
  // Of goroutines that have waited for long, kept without their page of memory.
  std::uint64_t stacks_compacted = 0;               // now
  std::uint64_t stacks_compacted_bytes = 0;         // what is kept of those
  std::uint64_t stack_compacted_total = 0;          // times one was
  std::uint64_t stack_compacted_touched_total = 0;  // times one came back since somebody else touched it
};

// Throws RuntimeError when no Runtime is alive.
RuntimeStats runtime_stats();

// Who is there, in what state, and what it waits for. Nothing is stopped: each entry is right, the list is of no single
// instant.
struct GoroutineInfo {
  std::uint64_t id = 0;
  std::uint64_t creator_id = 0;  // 0: started from outside the runtime
  std::string name;
  std::string_view state;      // "running", "runnable", "waiting"
  std::string_view reason;     // what it waits for; empty unless waiting, or running inside blocking()
  double waiting_seconds = 0;  // to about 10 ms
};
std::vector<GoroutineInfo> list_goroutines();

// What the runtime wants of the system it runs on, and what it uses instead where that is missing.
struct SystemFeature {
  std::string_view name;  // "stack guards"
  std::string in_use;     // "MADV_GUARD_INSTALL"
  bool is_fallback = false;
  std::string note;  // of a fallback: what it costs, and what can be done
};
// Costs some system calls.
std::vector<SystemFeature> system_features();

struct DumpOptions {
  std::size_t max_goroutines = 10'000;  // of more, the dump says how many are left out
  bool has_stacks = true;               // the calls of those that wait
};

// For people: each goroutine with its id, name, state, what it waits for and for how long, the calls that led there and
// where it was started. Function names come from the symbol tables of the program and its libraries; the calls of a
// goroutine that runs are not shown. Costs about a microsecond a goroutine, and more for each function seen first.
std::string dump_goroutines(const DumpOptions& options = {});

}  // namespace novelo
