// runtime/src/sched/global_queue.h
// The shared list of runnable goroutines: what overflowed a ring, what yielded, what comes from machines without a
// processor; and the injector, the door for foreign threads.
//
//   who        push(): any machine; inject(): any thread; take(): machines with a processor
//   may        take its lock; never parks. inject() takes no lock
//   cost       a lock and a few stores; inject() one compare-and-swap
//   invariants size() is never less than what a later take() finds, up to pushes in flight; first in, first out
//   tested     tests/model/global_queue_test.cc (every interleaving), tests/unit/sched/global_queue_test.cc
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/atomic.h"
#include "base/lock.h"

namespace novelo::rt {

struct Goroutine;

class GlobalQueue {
 public:
  void push(Goroutine* g) noexcept;
  void push_batch(Goroutine** batch, std::uint32_t count) noexcept;

  // From any thread: lock-free; the goroutine joins the list when a machine next looks.
  void inject(Goroutine* g) noexcept;

  // Takes up to `max` goroutines into `batch` and returns how many.
  std::uint32_t take(Goroutine** batch, std::uint32_t max) noexcept;

  bool is_empty() const noexcept {
    // [global-size] acquire, with push()'s release; [inject] acquire, with inject()'s release
    return size_.load(acquire) == 0 && injected_.load(acquire) == nullptr;
  }
  std::size_t size() const noexcept { return size_.load(relaxed); }

 private:
  void append(Goroutine* g) noexcept NOVELO_REQUIRES(lock_);
  void drain_injector() noexcept NOVELO_REQUIRES(lock_);

  Lock<LockRank::kGlobalQueue> lock_;
  Goroutine* first_ NOVELO_GUARDED_BY(lock_) = nullptr;
  Goroutine* last_ NOVELO_GUARDED_BY(lock_) = nullptr;
  Atomic<std::size_t> size_{0};
  alignas(kCacheLine) Atomic<Goroutine*> injected_{nullptr};  // a stack; turned round when it is drained
};

}  // namespace novelo::rt
