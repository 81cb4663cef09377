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
#include "obs/histogram.h"
#include "sched/run_queue.h"
#include "sched/timer_heap.h"
#include "sched/wait_record.h"
#include "stack/stack_pool.h"

namespace novelo::rt {

struct Machine;

struct Processor {
  explicit Processor(int number) noexcept : index(number), random(static_cast<std::uint64_t>(number) + 1) {}

  const int index;
  Processor* next_idle = nullptr;  // under the idle lock
  Atomic<Machine*> machine{nullptr};
  Atomic<bool> is_retired{false};  // one more than max_procs: who holds it gives it up
  bool is_shelved = false;         // retired and held by nobody; under the idle lock
  Atomic<std::uint64_t> tick{0};   // slices begun; sysmon compares
  RunQueue queue;
  TimerHeap timers;
  Random random;
  StackPool::Cache stacks;
  Goroutine* free_goroutines = nullptr;
  int free_count = 0;
  std::uint32_t latency_sample = 0;

  // Counters: written by the holder, read by anybody.
  Atomic<std::uint64_t> steals{0};
  std::array<Atomic<std::uint64_t>, static_cast<std::size_t>(WaitReason::kCount)> parks{};
  Histogram latency;
};

}  // namespace novelo::rt
