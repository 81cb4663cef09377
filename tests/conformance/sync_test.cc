// Mutex and WaitGroup: order, misuse, cancellation, and destruction at the earliest moment allowed.
#include <atomic>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "support/runtime_fixture.h"

namespace novelo {
namespace {

class MutexTest : public testing::RuntimeTest {};
NOVELO_WITH_PROCS(MutexTest);

TEST_P(MutexTest, IncrementsUnderItAreNeverLost) {
  run([] {
    Mutex mutex;
    int counter = 0;
    WaitGroup group;
    for (int i = 0; i < 16; ++i) {
      group.go([&] {
        for (int n = 0; n < 500; ++n) {
          const std::lock_guard guard(mutex);
          ++counter;
          if (n % 50 == 0) yield();  // others queue meanwhile
        }
      });
    }
    group.wait();
    EXPECT_EQ(counter, 16 * 500);
  });
}

TEST_P(MutexTest, ThoseWhoWaitAreServedInTheirOrder) {
  run([] {
    Mutex mutex;
    std::vector<int> order;
    WaitGroup group;
    mutex.lock();
    for (int i = 0; i < 20; ++i) {
      group.go([&, i] {
        const std::lock_guard guard(mutex);
        order.push_back(i);
      });
      testing::yield_until_waiting(static_cast<std::size_t>(i) + 1);
    }
    mutex.unlock();
    group.wait();
    for (int i = 0; i < 20; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
  });
}

TEST_P(MutexTest, ANewcomerDoesNotOvertakeWhoWaits) {
  run([] {
    Mutex mutex;
    mutex.lock();
    const auto has_looked = make_chan<Unit>();
    auto waiting = spawn([&mutex, has_looked] {
      mutex.lock();
      has_looked.recv();
      mutex.unlock();
    });
    testing::yield_until_waiting(1);
    mutex.unlock();
    EXPECT_FALSE(mutex.try_lock()) << "the lock was handed over and never became free";
    has_looked.close();
    waiting.join();
    EXPECT_TRUE(mutex.try_lock());
    mutex.unlock();
  });
}

TEST_P(MutexTest, UnlockOfUnlockedThrowsAndLeavesItUsable) {
  run([] {
    Mutex mutex;
    EXPECT_THROW(mutex.unlock(), RuntimeError);
    mutex.lock();
    mutex.unlock();
    EXPECT_THROW(mutex.unlock(), RuntimeError);
    EXPECT_TRUE(mutex.try_lock());
    mutex.unlock();
  });
}

TEST_P(MutexTest, AnotherGoroutineMayUnlockIt) {
  run([] {
    Mutex mutex;
    mutex.lock();
    auto other = spawn([&mutex] { mutex.unlock(); });
    mutex.lock();
    other.join();
    mutex.unlock();
    EXPECT_TRUE(mutex.try_lock());
    mutex.unlock();
  });
}

TEST_P(MutexTest, ACancelledWaiterLeavesNoTrace) {
  run([] {
    Mutex mutex;
    mutex.lock();
    auto first = spawn([&mutex] { const std::lock_guard guard(mutex); });
    testing::yield_until_waiting(1);
    auto second = spawn([&mutex] { const std::lock_guard guard(mutex); });
    testing::yield_until_waiting(2);
    first.cancel();
    EXPECT_THROW(first.join(), JoinCancelled);
    mutex.unlock();
    second.join();
    auto third = spawn([&mutex] { const std::lock_guard guard(mutex); });
    third.join();
    EXPECT_TRUE(mutex.try_lock());
    mutex.unlock();
  });
}

TEST_P(MutexTest, CancelAgainstUnlockLosesNoLock) {
  run([] {
    for (int round = 0; round < 300; ++round) {
      Mutex mutex;
      mutex.lock();
      auto waiting = spawn([&mutex] { const std::lock_guard guard(mutex); });
      testing::yield_until_waiting(1);
      auto canceller = spawn([&waiting] { waiting.cancel(); });
      mutex.unlock();
      canceller.join();
      try {
        waiting.join();
      } catch (const JoinCancelled&) {
      }
      ASSERT_TRUE(mutex.try_lock()) << "round " << round;
      mutex.unlock();
    }
  });
}

TEST_P(MutexTest, MayBeDestroyedAsSoonAsItWasSeenFree) {
  run([] {
    for (int round = 0; round < 500; ++round) {
      auto mutex = std::make_unique<Mutex>();
      mutex->lock();
      auto other = spawn([m = mutex.get()] { m->unlock(); });
      mutex->lock();  // the other may still be inside its unlock()
      mutex->unlock();
      mutex.reset();
      other.join();
      ASSERT_EQ(mutex, nullptr);
    }
  });
}

TEST_P(MutexTest, AForeignThreadTakesItsTurn) {
  run_with_foreign_threads([] {
    Mutex mutex;
    int counter = 0;
    std::thread foreign([&] {
      for (int i = 0; i < 1000; ++i) {
        const std::lock_guard guard(mutex);
        ++counter;
      }
    });
    for (int i = 0; i < 1000; ++i) {
      const std::lock_guard guard(mutex);
      ++counter;
    }
    blocking([&foreign] { foreign.join(); });
    EXPECT_EQ(counter, 2000);
  });
}

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
