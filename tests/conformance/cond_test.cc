// Cond: order, no wake-up without a notify and none lost, the lock on every way out, cancellation.
#include <atomic>
#include <deque>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "support/runtime_fixture.h"

namespace novelo {
namespace {

class CondTest : public testing::RuntimeTest {};
NOVELO_WITH_PROCS(CondTest);

TEST_P(CondTest, NotifyOneWakesTheOneThatWaitedLongest) {
  run([] {
    Mutex mutex;
    Cond cond;
    std::vector<int> order;
    WaitGroup group;
    for (int i = 0; i < 10; ++i) {
      group.go([&, i] {
        std::unique_lock lock(mutex);
        cond.wait(lock);
        order.push_back(i);
      });
      testing::yield_until_waiting(static_cast<std::size_t>(i) + 1);
    }
    for (std::size_t i = 0; i < 10; ++i) {
      cond.notify_one();
      testing::yield_until([&] {
        const std::lock_guard guard(mutex);
        return order.size() == i + 1;
      });
    }
    group.wait();
    for (int i = 0; i < 10; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
  });
}

TEST_P(CondTest, ANotifyWakesOneAndAWaitNeverEndsWithoutOne) {
  run([] {
    Mutex mutex;
    Cond cond;
    std::atomic<int> woken{0};
    WaitGroup group;
    for (int i = 0; i < 5; ++i) {
      group.go([&] {
        std::unique_lock lock(mutex);
        cond.wait(lock);
        ++woken;
      });
    }
    testing::yield_until_waiting(5);
    for (int i = 1; i <= 5; ++i) {
      cond.notify_one();
      testing::yield_until([&] { return woken.load() >= i; });
      testing::yield_until_waiting(static_cast<std::size_t>(5 - i));
      EXPECT_EQ(woken.load(), i);
    }
    group.wait();
  });
}

TEST_P(CondTest, NotifyAllWakesAllWhoWaitAndNobodyLater) {
  run([] {
    Mutex mutex;
    Cond cond;
    WaitGroup group;
    for (int i = 0; i < 20; ++i) {
      group.go([&] {
        std::unique_lock lock(mutex);
        cond.wait(lock);
      });
    }
    testing::yield_until_waiting(20);
    cond.notify_all();
    group.wait();
    auto late = spawn([&] {
      std::unique_lock lock(mutex);
      cond.wait(lock);
    });
    testing::yield_until_waiting(1);
    EXPECT_EQ(runtime_stats().goroutines_waiting, 1u) << "a notify is not kept for who comes later";
    cond.notify_one();
    late.join();
  });
}

TEST_P(CondTest, ANotifyBetweenUnlockAndParkIsNotMissed) {
  run([] {
    // A lock whose unlock() lets somebody notify before the wait goes on.
    struct Telling {
      Cond& cond;
      bool is_locked = true;
      void lock() { is_locked = true; }
      void unlock() {
        is_locked = false;
        cond.notify_one();
        yield();
      }
    };
    Cond cond;
    Telling lock{cond};
    cond.wait(lock);
    EXPECT_TRUE(lock.is_locked);
  });
}

TEST_P(CondTest, AnUnlockThatThrowsLeavesNoPlaceInTheQueue) {
  run([] {
    Mutex free;
    Cond cond;
    EXPECT_THROW(cond.wait(free), RuntimeError);  // unlock of an unlocked Mutex
    std::atomic<bool> woken{false};
    Mutex mutex;
    auto waiting = spawn([&] {
      std::unique_lock lock(mutex);
      cond.wait(lock);
      woken = true;
    });
    testing::yield_until_waiting(1);
    cond.notify_one();  // would go to the place that was left
    waiting.join();
    EXPECT_TRUE(woken.load());
  });
}

TEST_P(CondTest, ABoundedQueueLosesNothing) {
  run([] {
    Mutex mutex;
    Cond not_empty;
    Cond not_full;
    std::deque<int> queue;
    constexpr int kEach = 300;
    std::int64_t sum = 0;
    WaitGroup group;
    for (int producer = 0; producer < 4; ++producer) {
      group.go([&] {
        for (int n = 1; n <= kEach; ++n) {
          std::unique_lock lock(mutex);
          not_full.wait(lock, [&] { return queue.size() < 3; });
          queue.push_back(n);
          not_empty.notify_one();
        }
      });
      group.go([&] {
        for (int n = 0; n < kEach; ++n) {
          std::unique_lock lock(mutex);
          not_empty.wait(lock, [&] { return !queue.empty(); });
          sum += queue.front();
          queue.pop_front();
          not_full.notify_one();
        }
      });
    }
    group.wait();
    EXPECT_EQ(sum, 4 * kEach * (kEach + 1) / 2);
  });
}

TEST_P(CondTest, ACancelledWaiterHoldsTheLockAgainWhenTheExceptionLeaves) {
  run([] {
    Mutex mutex;
    Cond cond;
    bool was_free = true;
    auto waiting = spawn([&] {
      mutex.lock();
      try {
        cond.wait(mutex);
      } catch (const Cancelled&) {
        was_free = mutex.try_lock();
        mutex.unlock();
        throw;
      }
    });
    testing::yield_until_waiting(1);
    mutex.lock();
    waiting.cancel();
    // It cannot leave before it has the lock.
    testing::yield_until([&] {
      for (const GoroutineInfo& g : list_goroutines()) {
        if (g.reason == "mutex") return true;
      }
      return false;
    });
    mutex.unlock();
    EXPECT_THROW(waiting.join(), JoinCancelled);
    EXPECT_FALSE(was_free);
  });
}

TEST_P(CondTest, InACancelledScopeItThrowsWithTheLockHeld) {
  run([] {
    Scope scope;
    scope.cancel();
    bool was_held = false;
    Mutex mutex;
    Cond cond;
    scope.go([&] {
      mutex.lock();
      try {
        cond.wait(mutex);
      } catch (const Cancelled&) {
        was_held = !mutex.try_lock();
        mutex.unlock();
        throw;
      }
    });
    static_cast<void>(scope.wait());
    EXPECT_TRUE(was_held);
  });
}

TEST_P(CondTest, ANotifyIsNotLostToOneThatIsCancelled) {
  run([] {
    for (int round = 0; round < 200; ++round) {
      Mutex mutex;
      Cond cond;
      std::atomic<int> returned{0};
      std::vector<JoinHandle<void>> waiting;
      for (int i = 0; i < 2; ++i) {
        waiting.push_back(spawn([&] {
          std::unique_lock lock(mutex);
          cond.wait(lock);
          ++returned;
        }));
        testing::yield_until_waiting(waiting.size());
      }
      auto canceller = spawn([&] { waiting[0].cancel(); });
      cond.notify_one();
      canceller.join();
      // Either the first was notified before it was cancelled, or the second got it.
      testing::yield_until([&] { return returned.load() == 1; });
      cond.notify_all();
      for (auto& one : waiting) {
        try {
          one.join();
        } catch (const JoinCancelled&) {
        }
      }
      ASSERT_GE(returned.load(), 1) << "round " << round;
    }
  });
}

TEST_P(CondTest, AForeignThreadWaitsWithALockOfItsOwn) {
  run_with_foreign_threads([] {
    std::mutex mutex;
    Cond cond;
    bool is_there = false;
    std::atomic<bool> seen{false};
    std::thread foreign([&] {
      std::unique_lock lock(mutex);
      cond.wait(lock, [&] { return is_there; });
      seen = true;
    });
    blocking([&] {
      const std::lock_guard guard(mutex);
      is_there = true;
    });
    cond.notify_all();
    blocking([&foreign] { foreign.join(); });
    EXPECT_TRUE(seen.load());
  });
}

}  // namespace
}  // namespace novelo
