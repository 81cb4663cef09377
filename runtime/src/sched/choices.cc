// The points where a runtime call may let others go first: blocking calls come here by kAttentionChoose, which every
// goroutine has set in deterministic mode, and the calls that never block by choice_point().
//
// Rejected: preempting at any instruction, as a model checker does: it needs every access of the program instrumented.
// Between two calls of the runtime goroutines therefore run undisturbed.
#include "sched/choices.h"

#include "novelo/start.h"
#include "sched/park.h"
#include "sched/safepoint.h"
#include "sched/scheduler.h"

namespace novelo::rt {
namespace {
constexpr std::uint32_t kLetGoOneIn = 3;  // how often a call lets others go first
}

Atomic<int> is_looked_up{0};

std::uint32_t Choices::below(std::uint32_t bound) {
  if (bound == 1) return 0;
  const std::uint32_t drawn = random_.below(bound);  // also when replaying, so that what follows is that of the seed
  const std::uint32_t chosen = made_ < replay_.size() ? replay_[made_] % bound : drawn;
  ++made_;
  if (record_ != nullptr) record_->push_back(chosen);
  return chosen;
}

void Scheduler::begin_choices() noexcept {
  virtual_clock_set(kVirtualStartNs);
  is_looked_up.fetch_add(1, relaxed);
}

void Scheduler::end_choices() noexcept {
  is_looked_up.fetch_sub(1, relaxed);
  virtual_clock_set(0);
}

Goroutine* Scheduler::next_chosen(Processor& p) noexcept {
  for (;;) {
    p.timers.run_expired(now_ns(), TimerHeap::kAll, choices_.get());
    for (RunQueue& queue : p.queues) {
      while (Goroutine* g = queue.pop().goroutine) choosable_.push_back(g);
    }
    for (GlobalQueue& queue : globals_) {
      for (Goroutine* g = nullptr; queue.take(&g, 1) == 1;) choosable_.push_back(g);
    }
    if (!choosable_.empty()) {
      const std::uint32_t i = choices_->below(static_cast<std::uint32_t>(choosable_.size()));
      Goroutine* g = choosable_[i];
      choosable_[i] = choosable_.back();
      choosable_.pop_back();
      p.tick.store(p.tick.load(relaxed) + 1, relaxed);
      return g;
    }
    const std::int64_t next = p.timers.next_when();
    if (next == kNever) return nullptr;
    virtual_clock_set(next);
    about_now_ns_.store(next, relaxed);
  }
}

void Scheduler::let_others_choose() noexcept {
  if (choices_->below(kLetGoOneIn) == 0) leave_for(SwitchReason::kYield);
}

void choice_point_slow() noexcept {
  collector_poll();
  // Between park()'s commit and the switch back, and on threads outside, there is no goroutine to put aside.
  if (current_goroutine() != nullptr && scheduler()->choices() != nullptr) scheduler()->let_others_choose();
}

}  // namespace novelo::rt
