// runtime/src/gc/turns.h
// How the collector's goroutine shares its processor: it works for a tenth of a millisecond, then others go first; for
// longer where those take long, so that it has a quarter of the time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/time/time.h"
#include "novelo/go.h"
#include "os/clock.h"
#include "sched/scheduler.h"

namespace novelo::rt {

// What a cycle does between two looks at the clock; then others go first.
class Turns {
 public:
  explicit Turns(Scheduler& scheduler) noexcept : is_alone_(scheduler.choices() != nullptr), began_ns_(steady_ns()) {}

  void give_way() noexcept {
    if (is_alone_) return;
    if (steady_ns() - began_ns_ >= turn_ns_) leave();
  }
  void leave() noexcept {
    if (is_alone_) return;
    // The others' processors may be with goroutines that allocate all the time.
    scheduler()->run_due_timers();
    const std::int64_t left_ns = steady_ns();
    worked_ns_ += left_ns - began_ns_;
    novelo::yield();
    began_ns_ = steady_ns();
    turn_ns_ = std::clamp((began_ns_ - left_ns) / 3, kTurnNs, kTurnNsMax);
  }
  // Since it was asked last.
  std::int64_t take_worked_ns() noexcept {
    const std::int64_t now = steady_ns();
    return std::exchange(worked_ns_, 0) + now - std::exchange(began_ns_, now);
  }
  // Until others may have gone on.
  void wait(int times) noexcept {
    if (is_alone_) return;
    if (times < 4) {
      leave();
    } else {
      worked_ns_ += steady_ns() - began_ns_;
      novelo::sleep(absl::Microseconds(20));
      began_ns_ = steady_ns();
    }
  }

 private:
  static constexpr std::int64_t kTurnNs = 100'000;
  static constexpr std::int64_t kTurnNsMax = 2'000'000;

  const bool is_alone_;  // deterministic mode: the whole cycle is one step
  std::int64_t began_ns_;
  std::int64_t turn_ns_ = kTurnNs;
  std::int64_t worked_ns_ = 0;
};

}  // namespace novelo::rt
