// Classes of goroutines: who has which, and that nobody is lost or starved by them.
#include <atomic>
#include <vector>

#include "support/runtime_fixture.h"

namespace novelo {
namespace {

class PriorityTest : public testing::RuntimeTest {};
NOVELO_WITH_PROCS(PriorityTest);

TEST_P(PriorityTest, AGoroutineBeginsWithTheClassOfItsCreator) {
  run([] {
    EXPECT_EQ(current_priority(), Priority::kNormal);
    EXPECT_EQ(spawn([] { return current_priority(); }).join(), Priority::kNormal);
    EXPECT_EQ(set_priority(Priority::kBatch), Priority::kNormal);
    auto child = spawn([] {
      EXPECT_EQ(spawn([] { return current_priority(); }).join(), Priority::kBatch);
      EXPECT_EQ(set_priority(Priority::kLatency), Priority::kBatch);
      return spawn([] { return current_priority(); }).join();
    });
    EXPECT_EQ(child.join(), Priority::kLatency);
    EXPECT_EQ(current_priority(), Priority::kBatch) << "a child changed its parent";
    EXPECT_EQ(set_priority(Priority::kNormal), Priority::kBatch);
  });
}

TEST_P(PriorityTest, WhatIsStartedFromOutsideIsNormal) {
  run([] {
    set_priority(Priority::kBatch);
    auto seen = make_chan<Priority>(1);
    after_func(absl::ZeroDuration(), [seen] { seen.send(current_priority()); });
    EXPECT_EQ(seen.recv(), Priority::kNormal);
  });
}

TEST_P(PriorityTest, EveryClassIsServedThoughAHigherOneIsAlwaysRunnable) {
  run([] {
    std::atomic<int> served{0};
    std::atomic<bool> done{false};
    WaitGroup group;
    for (int i = 0; i < 2 * GetParam(); ++i) {
      group.go([&] {
        set_priority(Priority::kLatency);
        while (!done) yield();
      });
      for (const Priority lower : {Priority::kNormal, Priority::kBatch}) {
        group.go([&, lower] {
          set_priority(lower);
          for (int turn = 0; turn < 2; ++turn) yield();
          ++served;
        });
      }
    }
    set_priority(Priority::kLatency);
    testing::yield_until([&] { return served == 4 * GetParam(); });
    done = true;
    group.wait();
  });
}

TEST_P(PriorityTest, AWakeUpOvertakesALowerClassThatCallsTheRuntime) {
  run([] {
    std::atomic<bool> has_run{false};
    auto wanted = make_chan<Unit>();
    auto waiter = spawn([&] {
      set_priority(Priority::kLatency);
      wanted.recv();
      has_run = true;
    });
    testing::yield_until_waiting(1);
    WaitGroup hogs;
    std::atomic<int> hogging{0};
    for (int i = 0; i < GetParam(); ++i) {
      hogs.go([&] {
        set_priority(Priority::kBatch);
        const auto own = make_chan<int>(1);
        yield();
        ++hogging;
        // No waits, only calls that could wait.
        while (!has_run) {
          own.send(1);
          own.recv();
        }
      });
    }
    testing::yield_until([&] { return hogging == GetParam(); });
    wanted.send({});
    waiter.join();
    hogs.wait();
  });
}

TEST(PriorityOutsideTest, AThreadHasNoneToChange) {
  EXPECT_EQ(current_priority(), Priority::kNormal);
  EXPECT_THROW(set_priority(Priority::kBatch), RuntimeError);
}

}  // namespace
}  // namespace novelo
