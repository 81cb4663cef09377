// novelo/time.h
// Timers: a channel that receives the time when it has come, or a function that is called then.
//
//   from   goroutines and, while a Runtime is alive, any thread; now() from anywhere
//   cost   a place in the processor's heap of timers, O(log n) to arm and to stop
//   tested tests/conformance/time_test.cc, tests/conformance/ticker_test.cc, tests/stress/timer_test.cc
//
// Never early; late by tens of microseconds on an idle machine. A duration of zero or less is due at once, an infinite
// one never. A timer that is armed does not outlive the Runtime: what is not due when that ends does not happen.
#pragma once

#include <type_traits>
#include <typeinfo>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "novelo/chan.h"

namespace novelo {

// The time that deadlines and timers go by: absl::Now(), or in deterministic mode the virtual time, which begins with
// the year 2000. From any thread.
absl::Time now();

namespace rt {

class TimerCore;
void timer_ref(TimerCore* timer) noexcept;
void timer_unref(TimerCore* timer) noexcept;

// The counted handle that Timer and Ticker share.
class TimerHandle {
 public:
  explicit TimerHandle(TimerCore* owned) noexcept : timer_(owned) {}
  TimerHandle(const TimerHandle& other) noexcept : timer_(other.timer_) { timer_ref(timer_); }
  TimerHandle(TimerHandle&& other) noexcept : timer_(std::exchange(other.timer_, nullptr)) {}
  TimerHandle& operator=(TimerHandle other) noexcept {
    std::swap(timer_, other.timer_);
    return *this;
  }
  ~TimerHandle() {
    if (timer_ != nullptr) timer_unref(timer_);
  }
  TimerCore* get() const noexcept { return timer_; }

 private:
  TimerCore* timer_;
};

TimerHandle func_timer(absl::Duration d, Closure f, const std::type_info* entry);

}  // namespace rt

// A timer that sends once, or that after_func() made. A shared handle: copies mean the same timer. One whose handles
// and channel have been dropped by all is gone; one of after_func() is not stopped by that.
class Timer {
 public:
  explicit Timer(absl::Duration d);
  explicit Timer(rt::TimerHandle handle) noexcept : handle_(std::move(handle)) {}

  // Holds the latest time that was not received. That of after_func() is nil. Never closed.
  RecvChan<absl::Time> chan() const;
  // Both return whether the timer was still going to deliver: it was armed, or nobody had received yet what it sent.
  // After that no such value can be received.
  bool stop() const;
  bool reset(absl::Duration d) const;

 private:
  rt::TimerHandle handle_;
};

// A channel that receives the time once, after `d`. Dropped by all before, it leaves nothing behind.
RecvChan<absl::Time> after(absl::Duration d);

// Calls f after `d`, in a goroutine of its own that belongs to the outermost scope. stop() returns whether it prevented
// that; it does not wait for an f that has begun. After a reset() f may run while it still runs from before. When
// max_goroutines are alive the call comes later.
template <class F>
Timer after_func(absl::Duration d, F&& f) {
  using Entry = std::decay_t<F>;
  return Timer(rt::func_timer(d, rt::Closure([call = Entry(std::forward<F>(f))]() mutable { std::invoke(call); }),
                              std::is_class_v<Entry> ? &typeid(Entry) : nullptr));
}

// Sends the time again and again, until it is destroyed. A receiver that is too slow misses ticks.
class Ticker {
 public:
  // Zero or less: throws RuntimeError.
  explicit Ticker(absl::Duration period);
  ~Ticker();
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;

  // Never closed, also when the ticker stops.
  RecvChan<absl::Time> chan() const;
  // As those of Timer. The next tick comes a period after the reset(); zero or less throws RuntimeError.
  bool stop() const;
  bool reset(absl::Duration period) const;

 private:
  rt::TimerHandle handle_;
};

}  // namespace novelo
