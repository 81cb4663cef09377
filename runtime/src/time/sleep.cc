// sleep(): a timer on the sleeper's own stack.
#include "novelo/go.h"
#include "os/clock.h"
#include "sched/park.h"
#include "sched/waiter.h"
#include "time/heap_timer.h"

namespace novelo {
namespace {

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

void sleep(absl::Duration d) NOVELO_NO_THREAD_SAFETY_ANALYSIS {
  if (rt::current_goroutine() == nullptr) throw RuntimeError("sleep() called outside a goroutine");
  rt::before_blocking();
  if (d <= absl::ZeroDuration()) return;
  if (d == absl::InfiniteDuration()) rt::wait_forever();
  if (!rt::is_findable()) rt::enter_scope_list();
  Sleeper sleeper;
  const std::int64_t when = rt::due_after(d);
  SleepCommit commit{rt::near_heap(), false, when};
  commit.heap.lock().lock();
  commit.is_first = commit.heap.arm(sleeper, when);
  const rt::WakeCause cause = rt::wait(rt::WaitReason::kSleep, nullptr, commit_sleep, &commit);
  if (cause == rt::WakeCause::kCancel) {
    {
      rt::LockGuard guard(commit.heap.lock());
      commit.heap.cancel(sleeper);
    }
    rt::throw_cancelled();
  }
}

}  // namespace novelo
