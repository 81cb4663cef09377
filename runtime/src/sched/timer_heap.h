// runtime/src/sched/timer_heap.h
// The timers of one processor: a heap with four children a node, ordered by when they are due.
//
//   who        arm(): the goroutine's processor; cancel(): anybody; run_expired(): machines looking for work, also for
//              a processor that is not theirs
//   may        take the heap's lock; fire() runs under it on a scheduler's stack: it wakes goroutines, sends to
//              channels, never blocks, and arms nothing but the timer itself
//   cost       arm() a few steps up the heap, seldom more; cancel() leaves a gap where the timer stood, which costs one
//              access, and gaps are taken out when there are three times as many as timers
//   invariants each timer knows its place; the first place is no gap; next_when() is the first one's time, or kNever
//   tested     tests/unit/sched/timer_heap_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/atomic.h"
#include "base/lock.h"
#include "heap/kept_object.h"
#include "obs/histogram.h"
#include "os/clock.h"

namespace novelo::rt {

class Choices;
class TimerHeap;

// Something that happens at a time. The object must outlive its being armed: cancel() before it goes.
class TimerEvent {
 public:
  TimerEvent() = default;
  TimerEvent(const TimerEvent&) = delete;
  TimerEvent& operator=(const TimerEvent&) = delete;

 protected:
  virtual ~TimerEvent() = default;

 private:
  friend class TimerHeap;
  // Under the heap's lock, when the time has come; the timer is no longer armed, and may arm itself again for later.
  virtual void fire(std::int64_t now) noexcept = 0;
  // The heap goes while the timer is armed: the runtime ends.
  virtual void abandon() noexcept {}

  std::int64_t when_ = 0;
  std::size_t place_ = 0;  // in the heap, from 1; 0 when not armed
};

class TimerHeap {
 public:
  TimerHeap() = default;
  ~TimerHeap();
  TimerHeap(const TimerHeap&) = delete;
  TimerHeap& operator=(const TimerHeap&) = delete;

  // The lock guards every timer armed here; callers take it around arm() and cancel().
  RawLock& lock() noexcept NOVELO_RETURN_CAPABILITY(lock_) { return lock_; }

  // Adds a timer that is not armed. True if it became the first: whoever sleeps until then must be told, after unlock.
  bool arm(TimerEvent& timer, std::int64_t when) noexcept NOVELO_REQUIRES(lock_);

  // Removes the timer; false if it was not armed (it fired, or was cancelled).
  bool cancel(TimerEvent& timer) noexcept NOVELO_REQUIRES(lock_);

  // Fires what is due, the earliest first and at most `max`. Returns how many. With `choices`, timers due at one time
  // fire in an order drawn from them.
  std::uint32_t run_expired(std::int64_t now, std::uint32_t max = kAll, Choices* choices = nullptr) noexcept;
  static constexpr std::uint32_t kAll = ~std::uint32_t{0};

  // Those that are armed, by anybody.
  using Armed = std::vector<const TimerEvent*, KeptAllocator<const TimerEvent*>>;
  Armed armed();

  // When the first is due; kNever without timers. By anybody.
  std::int64_t next_when() const noexcept { return next_when_.load(seq_cst); }  // [timer-sleep] with publish()
  std::size_t size() const noexcept { return size_.load(relaxed); }
  const Histogram& lateness() const noexcept { return lateness_; }

 private:
  static constexpr std::size_t kChildren = 4;

  static constexpr std::size_t kGapsMin = 64;  // fewer are left where they are

  struct Entry {
    std::int64_t when;
    TimerEvent* timer;  // nullptr: a gap
  };

  void put(std::size_t i, Entry entry) noexcept NOVELO_REQUIRES(lock_);
  void sift_up(std::size_t i, Entry entry) noexcept NOVELO_REQUIRES(lock_);
  void sift_down(std::size_t i, Entry entry) noexcept NOVELO_REQUIRES(lock_);
  TimerEvent& take(std::size_t i) noexcept NOVELO_REQUIRES(lock_);
  void drop_first() noexcept NOVELO_REQUIRES(lock_);
  void close_gaps() noexcept NOVELO_REQUIRES(lock_);
  std::size_t choose_among_first(Choices& choices) noexcept NOVELO_REQUIRES(lock_);
  void publish() noexcept NOVELO_REQUIRES(lock_);

  Lock<LockRank::kTimerHeap> lock_;
  std::vector<Entry, KeptAllocator<Entry>> entries_ NOVELO_GUARDED_BY(lock_);
  std::size_t gaps_ NOVELO_GUARDED_BY(lock_) = 0;
  Atomic<std::int64_t> next_when_{kNever};
  Atomic<std::size_t> size_{0};
  Histogram lateness_;
};

}  // namespace novelo::rt
