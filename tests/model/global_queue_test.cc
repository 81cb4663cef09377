// The shared list and its lock-free door.
#include "sched/global_queue.h"

#include "sched/goroutine.h"
#include "support/model/expect.h"

namespace novelo::rt {
namespace {

using model::expect_always;
using model::Plain;
using model::Program;
using model::require;

struct State {
  GlobalQueue queue;
  std::array<Goroutine, 4> records;
  std::array<Plain<int>, 4> written;
  std::array<int, 4> taken{};
  int order = 0;

  void inject(std::size_t i) {
    written[i].write(1);
    queue.inject(&records[i]);
  }
  void push(std::size_t i) {
    written[i].write(1);
    queue.push(&records[i]);
  }
  std::uint32_t take(std::uint32_t max) {
    std::array<Goroutine*, 4> batch;
    const std::uint32_t count = queue.take(batch.data(), max);
    for (std::uint32_t i = 0; i < count; ++i) {
      const auto which = static_cast<std::size_t>(batch[i] - records.data());
      require(written[which].read() == 1, "what was written before is not seen");
      require(taken[which] == 0, "taken twice");
      taken[which] = ++order;
    }
    return count;
  }
  void check(std::size_t pushed) {
    while (take(4) > 0) {
    }
    require(queue.is_empty(), "empty and yet not");
    for (std::size_t i = 0; i < pushed; ++i) require(taken[i] != 0, "lost");
  }
};

TEST(GlobalQueueModel, WhatIsInjectedWhileOthersTakeIsTakenOnce) {
  expect_always(
      [](Program& p) {
        auto s = std::make_shared<State>();
        p.thread([=] { s->inject(0); });
        p.thread([=] { s->inject(1); });
        p.thread([=] { s->take(2); });
        p.at_end([=] { s->check(2); });
      },
      {.preemptions = 2});
}

TEST(GlobalQueueModel, OneThreadsGoroutinesKeepTheirOrder) {
  expect_always([](Program& p) {
    auto s = std::make_shared<State>();
    p.thread([=] {
      s->inject(0);
      s->inject(1);
    });
    p.thread([=] {
      s->take(1);
      s->take(1);
    });
    p.at_end([=] {
      s->check(2);
      require(s->taken[0] < s->taken[1], "overtaken");
    });
  });
}

TEST(GlobalQueueModel, PushAndInjectMeetWithoutLoss) {
  expect_always(
      [](Program& p) {
        auto s = std::make_shared<State>();
        p.thread([=] { s->push(0); });
        p.thread([=] { s->inject(1); });
        p.thread([=] { s->take(2); });
        p.at_end([=] { s->check(2); });
      },
      {.preemptions = 2});
}

}  // namespace
}  // namespace novelo::rt
