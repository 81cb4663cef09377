// Timers with a channel and timers with a function. After stop() the channel holds nothing: firing and stopping are one
// after the other under the heap's lock, and what was sent and not received is taken back.
//
// A channel timer is owned by its channel, not by its handles: `after(d)` in a loop leaves nothing behind when the
// channel is dropped, and a channel outlives the Timer it came from.
#include <algorithm>

#include "novelo/time.h"
#include "os/clock.h"
#include "time/timer_core.h"

namespace novelo::rt {
namespace {
constexpr std::int64_t kAgainNs = 1'000'000;  // when there was no place for the goroutine of a FuncTimer
}

Chan<absl::Time> ChannelTimer::make(absl::Duration d, TimerMode mode, ChannelTimer*& timer) {
  auto channel = make_chan<absl::Time>(1);
  timer = new ChannelTimer(channel.core(), mode);
  channel_attach(channel.core(), timer);
  timer->arm(d, due_after(d));
  return channel;
}

RecvChan<absl::Time> ChannelTimer::channel() const {
  channel_ref(channel_);
  return RecvChan<absl::Time>(ChannelHandle(channel_));
}

bool ChannelTimer::withdraw() {
  const bool was_armed = heap().cancel(*this);
  if (was_armed && mode_ == TimerMode::kOnce) return true;  // it has sent nothing since it was armed
  std::optional<absl::Time> stale;
  const bool was_sent = channel_try_recv(channel_, &stale) == RecvResult::kReceived;
  return was_armed || was_sent;
}

void ChannelTimer::arm(absl::Duration d, std::int64_t when) {
  if (d == absl::InfiniteDuration()) return;
  bool is_first = false;
  {
    const LockGuard guard(heap().lock());
    is_first = arm_locked(d, when);
  }
  if (is_first) scheduler()->timer_moved_up(when);
}

// True if it became the heap's first.
bool ChannelTimer::arm_locked(absl::Duration d, std::int64_t when) {
  due_ns_ = when;
  if (mode_ == TimerMode::kPeriodic) period_ns_ = std::clamp<std::int64_t>(absl::ToInt64Nanoseconds(d), 1, kFarNs);
  return heap().arm(*this, when);
}

bool ChannelTimer::stop() {
  if (!is_runtime_alive()) return false;
  const LockGuard guard(heap().lock());
  return withdraw();
}

bool ChannelTimer::restart(absl::Duration d) {
  if (!is_runtime_alive()) return false;
  const std::int64_t when = due_after(d);
  bool was_going_to = false;
  bool is_first = false;
  {
    const LockGuard guard(heap().lock());
    was_going_to = withdraw();
    if (d != absl::InfiniteDuration()) is_first = arm_locked(d, when);
  }
  if (is_first) scheduler()->timer_moved_up(when);
  return was_going_to;
}

void ChannelTimer::fire(std::int64_t now) noexcept NOVELO_NO_THREAD_SAFETY_ANALYSIS {
  absl::Time time = wall_time();
  channel_try_send(channel_, &time);  // a tick that was not received yet stays, and this one is dropped
  if (mode_ == TimerMode::kOnce) return;
  // At the next multiple that is to come: a machine that was late does not make up for the ticks it missed.
  due_ns_ += period_ns_ * ((now - due_ns_) / period_ns_ + 1);
  heap().arm(*this, due_ns_);
}

void ChannelTimer::channel_gone() noexcept {
  if (is_runtime_alive()) {
    const LockGuard guard(heap().lock());
    heap().cancel(*this);
  }
  delete this;
}

void FuncTimer::unref() noexcept {
  // [timer-refs] acq_rel: the one who destroys sees what the others did
  if (references_.fetch_sub(1, acq_rel) == 1) delete this;
}

bool FuncTimer::stop() {
  if (!is_runtime_alive()) return false;
  {
    const LockGuard guard(heap().lock());
    if (!heap().cancel(*this)) return false;
  }
  unref();  // the heap's
  return true;
}

bool FuncTimer::restart(absl::Duration d) {
  if (!is_runtime_alive()) return false;
  const std::int64_t when = due_after(d);
  const bool is_finite = d != absl::InfiniteDuration();
  bool was_going_to = false;
  bool is_first = false;
  if (is_finite) ref();  // the heap's
  {
    const LockGuard guard(heap().lock());
    was_going_to = heap().cancel(*this);
    if (is_finite) is_first = heap().arm(*this, when);
  }
  if (was_going_to) unref();
  if (is_first) scheduler()->timer_moved_up(when);
  return was_going_to;
}

// The heap's reference goes to the goroutine, or stays the heap's.
void FuncTimer::fire(std::int64_t now) noexcept NOVELO_NO_THREAD_SAFETY_ANALYSIS {
  Closure body([self = TimerHandle(this)] { static_cast<FuncTimer*>(self.get())->f_(); });
  const Scheduler::Started started = scheduler()->start_outermost(body, entry_);
  if (started == Scheduler::Started::kYes) return;
  ref();  // for `body`, which gives it up now
  // One of a runtime that ends lies in the heap until that goes: nothing of the user's is destroyed here.
  heap().arm(*this, started == Scheduler::Started::kFull ? now + kAgainNs : kNever - 1);
}

void timer_ref(TimerCore* timer) noexcept {
  timer->ref();
}
void timer_unref(TimerCore* timer) noexcept {
  timer->unref();
}

TimerHandle func_timer(absl::Duration d, Closure f, const std::type_info* entry) {
  TimerHandle handle(new FuncTimer(std::move(f), entry));
  handle.get()->restart(d);
  return handle;
}

namespace {

// The handle takes over the channel's first reference.
TimerHandle channel_timer(absl::Duration d, TimerMode mode) {
  ChannelTimer* timer = nullptr;
  const Chan<absl::Time> channel = ChannelTimer::make(d, mode, timer);
  timer->ref();
  return TimerHandle(timer);
}

void require_period(absl::Duration period) {
  if (period <= absl::ZeroDuration()) {
    throw RuntimeError("Ticker: the period must be above zero, not " + absl::FormatDuration(period));
  }
}

TimerHandle ticker(absl::Duration period) {
  require_period(period);
  return channel_timer(period, TimerMode::kPeriodic);
}

}  // namespace

}  // namespace novelo::rt

namespace novelo {

Timer::Timer(absl::Duration d) : handle_(rt::channel_timer(d, rt::TimerMode::kOnce)) {}
RecvChan<absl::Time> Timer::chan() const {
  return handle_.get()->channel();
}
bool Timer::stop() const {
  return handle_.get()->stop();
}
bool Timer::reset(absl::Duration d) const {
  return handle_.get()->restart(d);
}

RecvChan<absl::Time> after(absl::Duration d) {
  rt::ChannelTimer* timer = nullptr;
  return rt::ChannelTimer::make(d, rt::TimerMode::kOnce, timer);
}

Ticker::Ticker(absl::Duration period) : handle_(rt::ticker(period)) {}
Ticker::~Ticker() {
  stop();
}
RecvChan<absl::Time> Ticker::chan() const {
  return handle_.get()->channel();
}
bool Ticker::stop() const {
  return handle_.get()->stop();
}
bool Ticker::reset(absl::Duration period) const {
  rt::require_period(period);
  return handle_.get()->restart(period);
}

}  // namespace novelo
