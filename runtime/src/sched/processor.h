// runtime/src/sched/processor.h
// The P record: the right to run goroutines, and what running them needs: a run queue, timers, warm stacks.
//
//   who        the machine that holds it; others read counters, steal from the queue and the timers
//   invariants machine is set while it is held, nullptr while it is idle
#pragma once

#include <array>
#include <cstdint>

#include "base/atomic.h"
#include "base/random.h"
#include "heap/heap.h"
#include "heap/kept_object.h"
#include "obs/histogram.h"
#include "sched/goroutine.h"
#include "sched/run_queue.h"
#include "sched/timer_heap.h"
#include "sched/wait_record.h"
#include "stack/stack_classes.h"

namespace novelo::rt {

struct Machine;

struct Processor : KeptObject {
  explicit Processor(int number) noexcept : index(number), random(static_cast<std::uint64_t>(number) + 1) {}

  const int index;
  Processor* next_idle = nullptr;  // under the idle lock
  Atomic<Machine*> machine{nullptr};
  Atomic<bool> is_retired{false};            // one more than max_procs: who holds it gives it up
  bool is_shelved = false;                   // retired and held by nobody; under the idle lock
  Atomic<std::uint64_t> tick{0};             // slices begun; sysmon compares
  Atomic<bool> is_slice_over{false};         // says sysmon: what is next by runnext goes to the end
  std::array<RunQueue, kPriorities> queues;  // one a class
  TimerHeap timers;
  Random random;
  StackClasses::Cache stacks;
  CellCache cells;
  CellCache traced_cells;  // of memory that the collector looks into
  Goroutine* free_goroutines = nullptr;
  int free_count = 0;
  std::uint64_t next_id = 0;  // of the goroutines it starts: these are its own until none are left
  Atomic<std::uint32_t> ids_left{0};
  Atomic<std::int32_t> places{0};  // of max_goroutines, taken and not used; others may take them back
  // Goroutines of the user that its holders started, and that ended on it.
  Atomic<std::uint64_t> started{0};
  Atomic<std::uint64_t> ended{0};
  std::uint32_t latency_sample = 0;
  std::uint32_t timers_put_off = 0;  // picks without a look at the timers because the ring was busy

  RunQueue& queue(Priority priority) noexcept { return queues[static_cast<std::size_t>(priority)]; }
  bool has_runnable() const noexcept {
    for (const RunQueue& one : queues) {
      if (!one.is_empty()) return true;
    }
    return false;
  }

  // Stored only when it changes: everybody reads it at each wake-up.
  void note_class(Priority priority, bool aged = false) noexcept {
    if (running.load(relaxed) != priority) running.store(priority, relaxed);
    if (is_aged.load(relaxed) != aged) is_aged.store(aged, relaxed);
  }

  // With priorities in use: the class that the present slice counts as, and whether it was given for patience. Apart
  // from what changes at each switch.
  alignas(kCacheLine) Atomic<Priority> running{Priority::kNormal};
  Atomic<bool> is_aged{false};
  // When a class was last served, or had nobody to serve.
  alignas(kCacheLine) std::array<std::int64_t, kPriorities> served_ns{};

  // Counters: written by the holder, read by anybody.
  Atomic<std::uint64_t> steals{0};
  std::array<Atomic<std::uint64_t>, static_cast<std::size_t>(WaitReason::kCount)> parks{};
  Histogram latency;
};

}  // namespace novelo::rt
