// runtime/src/time/heap_timer.h
// A timer that knows its heap, for objects that may outlive the runtime they were made in.
//
//   who        goroutines, any thread while a Runtime is alive
//   lifetime   its owner disarms it before it goes; when the runtime is gone there is nothing to disarm
//   tested     tests/conformance/time_test.cc
#pragma once

#include <cstdint>

#include "absl/time/time.h"
#include "base/lock.h"
#include "sched/scheduler.h"
#include "sched/timer_heap.h"

namespace novelo::rt {

inline constexpr std::int64_t kFarNs =
    std::int64_t{100} * 365 * 86400 * 1'000'000'000;  // a century: as good as never, no overflow

// When `d` has passed, by now_ns(); never early. At most kFarNs from now.
std::int64_t due_after(absl::Duration d) noexcept;

// The heap of the calling thread's processor, or the first if it has none. Throws RuntimeError without a Runtime.
TimerHeap& near_heap();

class HeapTimer : public TimerEvent {
 public:
  HeapTimer() : heap_(near_heap()), runtime_(scheduler()->generation()) {}

 protected:
  ~HeapTimer() override = default;

  // False: the heap and its lock are gone, and nothing is armed.
  bool is_runtime_alive() const noexcept {
    const Scheduler* alive = scheduler();
    return alive != nullptr && alive->generation() == runtime_;
  }
  TimerHeap& heap() noexcept { return heap_; }

 private:
  TimerHeap& heap_;
  const std::uint64_t runtime_;
};

}  // namespace novelo::rt
