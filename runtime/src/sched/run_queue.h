// runtime/src/sched/run_queue.h
// The goroutines one processor runs next: a ring with one owner and many thieves, and in front of it runnext, the one
// made ready last, which runs first because its data is warm.
//
//   owner       the machine that holds the processor; calls push(), push_next() and pop()
//   thief       any other machine, at any time; calls steal_half()
//   progress    push() and pop() retry only when another machine took work meanwhile
//   invariants  0 <= tail_ - head_ <= kCapacity; the owner alone writes tail_; head_ never goes back;
//               a goroutine in [head_, tail_) or in next_ is runnable and is in no other queue
//   checked by  tests/model/run_queue_test.cc (every interleaving), tests/unit/sched/run_queue_test.cc,
//               tests/stress/run_queue_test.cc
#pragma once

#include <array>
#include <cstdint>

#include "base/atomic.h"

namespace novelo::rt {

struct Goroutine;

class RunQueue {
 public:
  static constexpr std::uint32_t kCapacity = kModelBuild ? 4 : 256;  // small, so that models reach "full"

  struct Popped {
    Goroutine* goroutine = nullptr;
    bool was_next = false;  // it shares the slice of the one that made it ready
  };

  // Appends `g`. False when full: `g` is still the caller's, who moves half to the global queue.
  // Requires: called by the owner; `g` is runnable.
  [[nodiscard]] bool push(Goroutine* g) noexcept;

  // Makes `g` the next to run and returns the one it displaces, or nullptr; that one is the caller's to push.
  Goroutine* push_next(Goroutine* g) noexcept {
    // [rq-next] with the exchanges of pop() and grab(): who takes `g` sees what was written before. [work-wake]
    // seq_cst, with is_empty(): the publication of this work needs no fence of its own.
    return next_.exchange(g, seq_cst);
  }

  Popped pop() noexcept {
    if (next_.load(relaxed) != nullptr) {
      Goroutine* g = next_.exchange(nullptr, acq_rel);  // [rq-next] a thief may have been quicker
      if (g != nullptr) return {g, true};
    }
    return {pop_ring(), false};
  }

  // Takes half of the ring, at most kCapacity / 2, out into `batch`, and returns how many. Requires: the owner.
  std::uint32_t take_half(Goroutine** batch) noexcept;

  // Moves half of `victim`, rounded up, to this queue and returns one of them to run now, or nullptr. With
  // kWithNext also runnext is taken when there is nothing else.
  // Requires: called by this queue's owner; this queue is empty.
  enum class Next : bool { kLeave, kTake };
  Goroutine* steal_half(RunQueue& victim, Next next) noexcept;

  // A snapshot, by anybody.
  bool is_empty() const noexcept;
  std::uint32_t length() const noexcept;

 private:
  Goroutine* pop_ring() noexcept;
  std::uint32_t grab(Goroutine** batch, Next next) noexcept;

  Atomic<Goroutine*>& slot(std::uint32_t index) noexcept { return slots_[index % kCapacity]; }

  alignas(kCacheLine) Atomic<std::uint32_t> head_{0};  // moved by whoever takes work   [rq-reuse]
  alignas(kCacheLine) Atomic<std::uint32_t> tail_{0};  // moved by the owner            [rq-publish]
  Atomic<Goroutine*> next_{nullptr};                   // exchanged by all              [rq-next]
  std::array<Atomic<Goroutine*>, kCapacity> slots_{};
};

}  // namespace novelo::rt
