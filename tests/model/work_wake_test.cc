// [work-wake]: whoever makes work looks for somebody to do it; whoever goes idle looks for work. The steps are those of
// Scheduler::ready(), go_idle() and stop_spinning(), on a real queue.
#include "sched/goroutine.h"
#include "sched/run_queue.h"
#include "support/model/expect.h"

namespace novelo::rt {
namespace {

using model::expect_always;
using model::expect_found;
using model::Program;
using model::require;

enum class Fences : std::uint8_t { kBoth, kNoneAtIdle, kNoneAtWork };

struct State {
  RunQueue queue;
  Goroutine work;
  Goroutine more;
  Atomic<std::int32_t> idle_processors{0};
  Atomic<std::int32_t> spinning{0};
  Atomic<int> wakes{0};

  bool is_work_anywhere() { return !queue.is_empty(); }

  // wake_processor_if_idle()
  void wake_if_idle() {
    if (idle_processors.load(seq_cst) == 0 || spinning.load(seq_cst) != 0) return;
    std::int32_t none = 0;
    if (!spinning.compare_exchange_strong(none, 1, seq_cst, relaxed)) return;
    wakes.fetch_add(1, relaxed);
  }
};

// One machine with nothing to do goes idle, another makes work: somebody comes.
void work_against_idle(Program& p, bool was_spinning, bool uses_ring, Fences fences) {
  auto s = std::make_shared<State>();
  if (was_spinning) s->spinning.store(1, relaxed);
  p.thread([=] {  // go_idle()
    const std::memory_order order = fences == Fences::kNoneAtIdle ? relaxed : seq_cst;
    s->idle_processors.fetch_add(1, order);
    if (was_spinning) s->spinning.fetch_sub(1, order);
    if (fences != Fences::kNoneAtIdle) full_fence();
    if (s->is_work_anywhere()) s->wakes.fetch_add(1, relaxed);
  });
  p.thread([=] {  // ready()
    if (uses_ring) {
      require(s->queue.push(&s->work), "the queue is full");
      if (fences != Fences::kNoneAtWork) full_fence();
    } else {
      static_cast<void>(s->queue.push_next(&s->work));
    }
    s->wake_if_idle();
  });
  p.at_end([=] { require(s->wakes.peek() > 0, "work lies there and nobody comes"); });
}

TEST(WorkWakeModel, WorkIsSeenByWhoMadeItOrByWhoGoesIdle) {
  for (const bool was_spinning : {false, true}) {
    for (const bool uses_ring : {false, true}) {
      expect_always([=](Program& p) { work_against_idle(p, was_spinning, uses_ring, Fences::kBoth); });
    }
  }
}

TEST(WorkWakeModel, WithoutEitherFenceWorkIsLost) {
  expect_found("work lies there and nobody comes",
               [](Program& p) { work_against_idle(p, false, true, Fences::kNoneAtWork); });
}

// A machine that spins has found work and stops: it passes on the duty to look.
TEST(WorkWakeModel, WhoStopsSpinningPassesTheDutyOn) {
  expect_always([](Program& p) {
    auto s = std::make_shared<State>();
    require(s->queue.push(&s->work), "the queue is full");
    s->idle_processors.store(1, relaxed);
    s->spinning.store(1, relaxed);
    auto thief = std::make_shared<RunQueue>();
    p.thread([=] {
      Goroutine* g = thief->steal_half(s->queue, RunQueue::Next::kTake);
      if (g == nullptr) return;
      s->spinning.fetch_sub(1, seq_cst);
      full_fence();
      s->wake_if_idle();
    });
    p.thread([=] {
      require(s->queue.push(&s->more), "the queue is full");
      full_fence();
      s->wake_if_idle();
    });
    p.at_end([=] {
      const bool is_taken = s->queue.is_empty();
      require(is_taken || s->wakes.peek() > 0, "work lies there and nobody comes");
    });
  });
}

}  // namespace
}  // namespace novelo::rt
