// The ring of one owner and its thieves.
#include "sched/run_queue.h"

#include "sched/goroutine.h"
#include "support/model/expect.h"

namespace novelo::rt {
namespace {

using model::expect_always;
using model::Plain;
using model::Program;
using model::require;

constexpr std::size_t kItems = 6;

// What a goroutine's record is to the queue: something that was written before it was handed over.
struct Item {
  Goroutine record;
  Plain<int> written;
  int taken = 0;
};

struct State {
  RunQueue queue;
  RunQueue thief;
  std::array<Item, kItems> items;

  void push(std::size_t i) {
    items[i].written.write(1);
    require(queue.push(&items[i].record), "the queue is full");
  }
  void push_next(std::size_t i) {
    items[i].written.write(1);
    if (Goroutine* displaced = queue.push_next(&items[i].record)) require(queue.push(displaced), "the queue is full");
  }
  void take(Goroutine* g) {
    if (g == nullptr) return;
    for (Item& item : items) {
      if (&item.record != g) continue;
      require(item.written.read() == 1, "what was written before is not seen");
      require(++item.taken == 1, "taken twice");
      return;
    }
    require(false, "nobody pushed that");
  }
  void drain(RunQueue& from) {
    while (Goroutine* g = from.pop().goroutine) take(g);
  }
  // At the end: what is left is in the queues, all of it once.
  void check(std::size_t pushed) {
    drain(queue);
    drain(thief);
    for (std::size_t i = 0; i < kItems; ++i) require(items[i].taken == (i < pushed ? 1 : 0), "lost");
  }
};

// Property: a goroutine leaves the queue exactly once, whoever wins the race for the last one.
TEST(RunQueueModel, TheLastOneGoesToOwnerOrThiefNeverBoth) {
  for (const auto next : {RunQueue::Next::kLeave, RunQueue::Next::kTake}) {
    expect_always([next](Program& p) {
      auto s = std::make_shared<State>();
      p.thread([=] {
        s->push(0);
        s->take(s->queue.pop().goroutine);
      });
      p.thread([=] { s->take(s->thief.steal_half(s->queue, next)); });
      p.at_end([=] { s->check(1); });
    });
  }
}

TEST(RunQueueModel, RunnextGoesToOwnerOrThiefNeverBoth) {
  expect_always(
      [](Program& p) {
        auto s = std::make_shared<State>();
        p.thread([=] {
          s->push_next(0);
          s->push_next(1);
          s->take(s->queue.pop().goroutine);
        });
        p.thread([=] {
          s->take(s->thief.steal_half(s->queue, RunQueue::Next::kTake));
          s->take(s->thief.steal_half(s->queue, RunQueue::Next::kTake));
        });
        p.at_end([=] { s->check(2); });
      },
      {.preemptions = 2});
}

// Method: the ring is full, so the owner's next push goes into a slot that the thief is reading.
TEST(RunQueueModel, ASlotIsFilledAgainOnlyWhenTheThiefHasReadIt) {
  expect_always(
      [](Program& p) {
        auto s = std::make_shared<State>();
        for (std::size_t i = 0; i < RunQueue::kCapacity; ++i) s->push(i);
        p.thread([=] {
          s->take(s->queue.pop().goroutine);
          s->push(4);
          s->take(s->queue.pop().goroutine);
          s->push(5);
        });
        p.thread([=] { s->take(s->thief.steal_half(s->queue, RunQueue::Next::kLeave)); });
        p.at_end([=] { s->check(6); });
      },
      {.preemptions = 2});
}

TEST(RunQueueModel, TwoThievesShareWithoutLoss) {
  expect_always(
      [](Program& p) {
        auto s = std::make_shared<State>();
        auto other = std::make_shared<RunQueue>();
        for (std::size_t i = 0; i < 3; ++i) s->push(i);
        p.thread([=] { s->take(s->queue.pop().goroutine); });
        p.thread([=] { s->take(s->thief.steal_half(s->queue, RunQueue::Next::kLeave)); });
        p.thread([=] { s->take(other->steal_half(s->queue, RunQueue::Next::kLeave)); });
        p.at_end([=] {
          s->drain(*other);
          s->check(3);
        });
      },
      {.preemptions = 2});
}

// The owner finds its ring full and moves half of it away while a thief takes from it.
TEST(RunQueueModel, HalfOfAFullRingLeavesOnce) {
  expect_always([](Program& p) {
    auto s = std::make_shared<State>();
    for (std::size_t i = 0; i < RunQueue::kCapacity; ++i) s->push(i);
    p.thread([=] {
      Goroutine* batch[RunQueue::kCapacity / 2];
      const std::uint32_t taken = s->queue.take_half(batch);
      for (std::uint32_t i = 0; i < taken; ++i) s->take(batch[i]);
    });
    p.thread([=] { s->take(s->thief.steal_half(s->queue, RunQueue::Next::kLeave)); });
    p.at_end([=] { s->check(4); });
  });
}

}  // namespace
}  // namespace novelo::rt
