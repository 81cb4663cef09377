// sleep() and Timer on the processors' timer heaps. A Timer's firing and its stop() both happen under the heap's lock,
// so after stop() the channel holds nothing: what was sent and not received is taken back.
#include <algorithm>

#include "novelo/go.h"
#include "novelo/time.h"
#include "os/clock.h"
#include "sched/park.h"
#include "sched/scheduler.h"
#include "sched/timer_heap.h"
#include "sched/waiter.h"

namespace novelo {
namespace {

constexpr std::int64_t kFar =
    std::int64_t{100} * 365 * 86400 * 1'000'000'000;  // a century: as good as never, no overflow

std::int64_t deadline_after(absl::Duration d) noexcept {
  const std::int64_t ns = std::clamp<std::int64_t>(absl::ToInt64Nanoseconds(d), 0, kFar);
  // The clock's nanoseconds round down; one more keeps "never early" true for durations with a fraction.
  const bool has_fraction = d > absl::Nanoseconds(ns);
  return rt::now_ns() + ns + (has_fraction ? 1 : 0);
}

class Sleeper final : public rt::TimerEvent {
 public:
  rt::Waiter waiter;

 private:
  void fire(std::int64_t) noexcept override {
    // After wake() this object may be gone.
    rt::WaitRecord& record = *waiter.record;
    if (record.try_win(waiter.ticket, rt::WakeCause::kEvent)) rt::wake(record);
  }
};

rt::TimerHeap& near_heap() noexcept {
  rt::PinnedProcessor p;
  return rt::scheduler()->processor_for_timers(p).timers;
}

struct SleepCommit {
  rt::TimerHeap& heap;
  bool is_first;
  std::int64_t when;
};

void commit_sleep(void* argument) noexcept NOVELO_NO_THREAD_SAFETY_ANALYSIS {
  const SleepCommit done = *static_cast<SleepCommit*>(argument);  // after the unlock the sleeper may be gone
  done.heap.lock().unlock();
  if (done.is_first) rt::scheduler()->timer_moved_up(done.when);
}

}  // namespace

absl::Time now() {
  return rt::wall_time();
}

void sleep(absl::Duration d) NOVELO_NO_THREAD_SAFETY_ANALYSIS {
  if (rt::current_goroutine() == nullptr) throw RuntimeError("sleep() called outside a goroutine");
  rt::before_blocking();
  if (d <= absl::ZeroDuration()) return;
  if (d == absl::InfiniteDuration()) rt::wait_forever();
  if (!rt::is_findable()) rt::enter_scope_list();
  Sleeper sleeper;
  const std::int64_t when = deadline_after(d);
  SleepCommit commit{near_heap(), false, when};
  commit.heap.lock().lock();
  commit.is_first = commit.heap.arm(sleeper, when);
  const rt::WakeCause cause = rt::wait(rt::WaitReason::kSleep, commit_sleep, &commit);
  if (cause == rt::WakeCause::kCancel) {
    {
      rt::LockGuard guard(commit.heap.lock());
      commit.heap.cancel(sleeper);
    }
    rt::throw_cancelled();
  }
}

// Arming, stopping and firing all happen under the heap's lock, and so are one after the other.
struct Timer::State final : rt::TimerEvent {
  explicit State(absl::Duration d)
      : channel(make_chan<absl::Time>(1)), heap(near_heap()), runtime(rt::scheduler()->generation()) {
    restart(d);
  }
  ~State() { stop(); }

  bool is_runtime_alive() const noexcept {
    const rt::Scheduler* scheduler = rt::scheduler();
    return scheduler != nullptr && scheduler->generation() == runtime;
  }

  // Whether it was still going to deliver: armed, or delivered and not received.
  bool withdraw() NOVELO_REQUIRES(heap.lock()) {
    if (heap.cancel(*this)) return true;
    std::optional<absl::Time> stale;
    return rt::channel_try_recv(channel.core(), &stale) == RecvResult::kReceived;
  }

  bool stop() {
    if (!is_runtime_alive()) return false;
    rt::LockGuard guard(heap.lock());
    return withdraw();
  }

  bool restart(absl::Duration d) {
    if (!is_runtime_alive()) return false;
    const std::int64_t when = deadline_after(d);
    bool was_going_to = false;
    bool is_first = false;
    {
      rt::LockGuard guard(heap.lock());
      was_going_to = withdraw();
      if (d != absl::InfiniteDuration()) is_first = heap.arm(*this, when);
    }
    if (is_first) rt::scheduler()->timer_moved_up(when);
    return was_going_to;
  }

  void fire(std::int64_t) noexcept override {
    absl::Time time = now();
    rt::channel_try_send(channel.core(),
                         &time);  // there is room: a timer fires once for each arming, and arming empties the channel
  }

  const Chan<absl::Time> channel;
  rt::TimerHeap& heap;          // lives as long as the runtime
  const std::uint64_t runtime;  // which one
};

Timer::Timer(absl::Duration d) {
  if (rt::current_goroutine() == nullptr) throw RuntimeError("Timer made outside a goroutine");
  state_ = std::make_shared<State>(d);
}

RecvChan<absl::Time> Timer::chan() const {
  return state_->channel;
}
bool Timer::stop() const {
  return state_->stop();
}
bool Timer::reset(absl::Duration d) const {
  return state_->restart(d);
}

namespace {

// The timer of after(): owned by the heap until it fires, since nobody can stop it.
class OneShot final : public rt::TimerEvent {
 public:
  explicit OneShot(Chan<absl::Time> to) : channel_(std::move(to)) {}

 private:
  void fire(std::int64_t) noexcept override {
    absl::Time time = now();
    rt::channel_try_send(channel_.core(), &time);
    delete this;
  }
  void abandon() noexcept override { delete this; }
  ~OneShot() = default;
  const Chan<absl::Time> channel_;
};

}  // namespace

RecvChan<absl::Time> after(absl::Duration d) {
  if (rt::current_goroutine() == nullptr) throw RuntimeError("after() called outside a goroutine");
  auto channel = make_chan<absl::Time>(1);
  if (d == absl::InfiniteDuration()) return channel;
  rt::TimerHeap& heap = near_heap();
  const std::int64_t when = deadline_after(d);
  bool is_first = false;
  {
    rt::LockGuard guard(heap.lock());
    is_first = heap.arm(*new OneShot(channel), when);
  }
  if (is_first) rt::scheduler()->timer_moved_up(when);
  return channel;
}

}  // namespace novelo
