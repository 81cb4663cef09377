// runtime/src/time/timer_core.h
// What Timer, Ticker, after() and after_func() stand for: a timer that sends on a channel, or one that starts a
// goroutine. Arming, stopping and firing all happen under the heap's lock, and so are one after the other.
//
//   who        goroutines, any thread; fire() on a scheduler's stack
//   lifetime   ChannelTimer: its channel's, which handles of either kind keep; FuncTimer: counted, and the heap counts
//              while it is armed
//   tested     tests/conformance/time_test.cc, tests/conformance/ticker_test.cc, tests/stress/timer_test.cc
#pragma once

#include <typeinfo>

#include "absl/functional/any_invocable.h"
#include "novelo/chan.h"
#include "sched/memory.h"
#include "time/heap_timer.h"

namespace novelo::rt {

enum class TimerMode : std::uint8_t { kOnce, kPeriodic };

class TimerCore : public HeapTimer {
 public:
  virtual void ref() noexcept = 0;
  virtual void unref() noexcept = 0;
  // A new handle of it; nil when it has none.
  virtual RecvChan<absl::Time> channel() const = 0;
  // Whether it was still going to deliver; it is not any more, or at the new time alone.
  virtual bool stop() = 0;
  virtual bool restart(absl::Duration d) = 0;

 protected:
  ~TimerCore() override = default;
};

class ChannelTimer final : public TimerCore, private ChannelAttachment, public HeapObject {
 public:
  // Armed, unless `d` is infinite.
  static Chan<absl::Time> make(absl::Duration d, TimerMode mode, ChannelTimer*& timer);

  void ref() noexcept override { channel_ref(channel_); }
  void unref() noexcept override { channel_unref(channel_); }
  RecvChan<absl::Time> channel() const override;
  bool stop() override;
  bool restart(absl::Duration d) override;

 private:
  ChannelTimer(Channel* channel, TimerMode mode) : channel_(channel), mode_(mode) {}
  ~ChannelTimer() = default;
  void fire(std::int64_t now) noexcept override;
  void channel_gone() noexcept override;
  bool withdraw() NOVELO_REQUIRES(heap().lock());
  void arm(absl::Duration d, std::int64_t when);
  bool arm_locked(absl::Duration d, std::int64_t when) NOVELO_REQUIRES(heap().lock());

  Channel* const channel_;
  const TimerMode mode_;
  std::int64_t period_ns_ = 0;  // under the heap's lock, as due_ns_
  std::int64_t due_ns_ = 0;
};

class FuncTimer final : public TimerCore {
 public:
  static void* operator new(std::size_t bytes) { return allocate_traced(bytes, alignof(FuncTimer)); }
  static void operator delete(void* memory, std::size_t bytes) noexcept {
    deallocate_traced(memory, bytes, alignof(FuncTimer));
  }

  // With one reference, the caller's; not armed yet.
  FuncTimer(Closure f, const std::type_info* entry) : f_(std::move(f)), entry_(entry) {}

  void ref() noexcept override { references_.fetch_add(1, relaxed); }  // [timer-refs] with unref()
  void unref() noexcept override;
  RecvChan<absl::Time> channel() const override { return {}; }
  bool stop() override;
  bool restart(absl::Duration d) override;

 private:
  ~FuncTimer() = default;
  void fire(std::int64_t now) noexcept override;
  void abandon() noexcept override { unref(); }

  Atomic<std::int64_t> references_{1};
  Closure f_;
  const std::type_info* const entry_;
};

}  // namespace novelo::rt
