// WaitGroup: the counter, who waits for zero, misuse, cancellation, and destruction at the earliest moment allowed.
#include <atomic>
#include <limits>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "support/runtime_fixture.h"

namespace novelo {
namespace {

class WaitGroupTest : public testing::RuntimeTest {};
NOVELO_WITH_PROCS(WaitGroupTest);

TEST_P(WaitGroupTest, WaitReturnsAtOnceWhenNothingWasAdded) {
  run([] {
    WaitGroup group;
    group.wait();
    EXPECT_EQ(runtime_stats().goroutines_waiting, 0u);
  });
}

TEST_P(WaitGroupTest, WaitSeesWhatWasDoneBeforeDone) {
  run([] {
    std::vector<int> results(200, 0);
    WaitGroup group;
    for (std::size_t i = 0; i < results.size(); ++i) group.go([&results, i] { results[i] = static_cast<int>(i); });
    group.wait();
    for (std::size_t i = 0; i < results.size(); ++i) EXPECT_EQ(results[i], static_cast<int>(i));
  });
}

TEST_P(WaitGroupTest, ANegativeCounterThrowsAndIsNotKept) {
  run([] {
    WaitGroup group;
    EXPECT_THROW(group.done(), RuntimeError);
    group.add(2);
    EXPECT_THROW(group.add(-3), RuntimeError);
    group.done();
    group.done();
    group.wait();
    EXPECT_THROW(group.done(), RuntimeError);
    EXPECT_THROW(group.add(std::numeric_limits<std::int64_t>::max()), RuntimeError);
    EXPECT_THROW(group.add(std::numeric_limits<std::int64_t>::min()), RuntimeError);
    group.wait();
  });
}

TEST_P(WaitGroupTest, ANegativeCounterThrowsAlsoWhileSomebodyWaits) {
  run([] {
    WaitGroup group;
    group.add(1);
    auto waiting = spawn([&group] { group.wait(); });
    testing::yield_until_waiting(1);
    EXPECT_THROW(group.add(-2), RuntimeError);
    EXPECT_EQ(runtime_stats().goroutines_waiting, 1u);
    group.done();
    waiting.join();
  });
}

TEST_P(WaitGroupTest, WhoSawZeroOnceIsNotHeldByWhatWasAddedAfter) {
  run([] {
    WaitGroup group;
    group.add(1);
    auto waiting = spawn([&group] { group.wait(); });
    testing::yield_until_waiting(1);
    group.done();
    group.add(1);
    waiting.join();
    group.done();
  });
}

TEST_P(WaitGroupTest, AFunctionThatCannotBeCopiedInIsNotCounted) {
  run([] {
    struct Throws {
      Throws() = default;
      Throws(const Throws&) { throw std::runtime_error("no copy"); }
      void operator()() const {}
    };
    WaitGroup group;
    const Throws body;
    EXPECT_THROW(group.go(body), std::runtime_error);
    group.wait();
  });
}

TEST_P(WaitGroupTest, AForeignThreadWaits) {
  run_with_foreign_threads([] {
    for (int round = 0; round < 100; ++round) {
      WaitGroup group;
      group.add(2);
      std::atomic<bool> is_over{false};
      std::thread foreign([&] {
        group.done();
        group.wait();
        is_over = true;
      });
      group.done();
      group.wait();
      blocking([&foreign] { foreign.join(); });
      ASSERT_TRUE(is_over.load());
    }
  });
}

TEST_P(WaitGroupTest, IsUsedAgainAfterItBecameZero) {
  run([] {
    WaitGroup group;
    std::atomic<int> done{0};
    for (int round = 1; round <= 50; ++round) {
      for (int i = 0; i < 4; ++i) group.go([&done] { ++done; });
      group.wait();
      ASSERT_EQ(done.load(), 4 * round);
    }
  });
}

TEST_P(WaitGroupTest, SeveralMayWait) {
  run([] {
    WaitGroup group;
    group.add(1);
    WaitGroup waiters;
    std::atomic<int> passed{0};
    for (int i = 0; i < 10; ++i) {
      waiters.go([&] {
        group.wait();
        ++passed;
      });
    }
    testing::yield_until_waiting(10);
    EXPECT_EQ(passed.load(), 0);
    group.done();
    waiters.wait();
    EXPECT_EQ(passed.load(), 10);
  });
}

TEST_P(WaitGroupTest, AGoroutineThatGoexitsIsDone) {
  run([] {
    WaitGroup group;
    group.go([] { goexit(); });
    group.wait();
    EXPECT_THROW(group.done(), RuntimeError) << "it was counted once";
  });
}

TEST_P(WaitGroupTest, MayBeDestroyedAsSoonAsWaitReturned) {
  run([] {
    int rounds = 0;
    for (; rounds < 500; ++rounds) {
      auto group = std::make_unique<WaitGroup>();
      group->add(1);
      go([g = group.get()] { g->done(); });
      group->wait();  // the other may still be inside its done()
      group.reset();
    }
    EXPECT_EQ(rounds, 500);
  });
}

TEST_P(WaitGroupTest, ACancelledWaiterLeavesNoTrace) {
  run([] {
    WaitGroup group;
    group.add(1);
    auto waiting = spawn([&group] { group.wait(); });
    testing::yield_until_waiting(1);
    waiting.cancel();
    EXPECT_THROW(waiting.join(), JoinCancelled);
    group.done();
    group.wait();
    EXPECT_EQ(num_goroutines(), 1u);
  });
}

}  // namespace
}  // namespace novelo
