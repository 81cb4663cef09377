// Waiting until a condition holds, by goroutines and foreign threads.
#include "sched/event.h"

#include <atomic>
#include <thread>
#include <vector>

#include "support/runtime_fixture.h"

namespace novelo::rt {
namespace {

class EventTest : public testing::RuntimeTest {};
NOVELO_WITH_PROCS(EventTest);

TEST_P(EventTest, DoesNotWaitWhenTheConditionHolds) {
  run([] {
    Event event;
    int asked = 0;
    event.wait(WaitReason::kJoin, nullptr, [&asked] { return ++asked > 0; });
    EXPECT_EQ(asked, 1);
  });
}

TEST_P(EventTest, WakesEveryWaiterOnce) {
  run([] {
    Event event;
    std::atomic<bool> is_open{false};
    std::atomic<int> passed{0};
    WaitGroup group;
    for (int i = 0; i < 50; ++i) {
      group.go([&] {
        event.wait(WaitReason::kJoin, nullptr, [&] { return is_open.load(); });
        ++passed;
      });
    }
    testing::yield_until_waiting(50);
    EXPECT_EQ(passed.load(), 0);
    is_open = true;
    event.notify_all();
    group.wait();
    EXPECT_EQ(passed.load(), 50);
  });
}

TEST_P(EventTest, AWaiterWokenTooEarlyWaitsOn) {
  run([] {
    Event event;
    std::atomic<bool> is_open{false};
    std::atomic<int> asked{0};
    auto handle = spawn([&] {
      event.wait(WaitReason::kJoin, nullptr, [&] {
        ++asked;
        return is_open.load();
      });
    });
    testing::yield_until_waiting(1);
    const int before = asked.load();
    event.notify_all();
    testing::yield_until([&] { return asked.load() > before; });
    testing::yield_until_waiting(1);
    is_open = true;
    event.notify_all();
    handle.join();
    EXPECT_GT(asked.load(), before);
  });
}

TEST_P(EventTest, ACancelledWaiterLeavesNoTrace) {
  run([] {
    Event event;
    auto handle = spawn([&event] { event.wait(WaitReason::kJoin, nullptr, [] { return false; }); });
    testing::yield_until_waiting(1);
    handle.cancel();
    EXPECT_THROW(handle.join(), JoinCancelled);
    event.notify_all();  // would wake what is gone
  });
}

TEST_P(EventTest, ForeignThreadsWaitAndNotify) {
  run_with_foreign_threads([] {
    for (int round = 0; round < 200; ++round) {
      Event there;
      Event back;
      std::atomic<bool> is_there{false};
      std::atomic<bool> is_back{false};
      std::thread foreign([&] {
        there.wait(WaitReason::kJoin, nullptr, [&] { return is_there.load(); });
        is_back = true;
        back.notify_all();
      });
      is_there = true;
      there.notify_all();
      back.wait(WaitReason::kJoin, nullptr, [&] { return is_back.load(); });
      blocking([&foreign] { foreign.join(); });
      ASSERT_TRUE(is_back.load());
    }
  });
}

}  // namespace
}  // namespace novelo::rt
