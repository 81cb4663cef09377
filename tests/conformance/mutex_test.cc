// Mutex: order, the two modes, misuse, cancellation, and destruction at the earliest moment allowed.
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

// On one processor the woken goroutine runs when the newcomer lets it.
TEST_P(MutexTest, ANewcomerMayTakeAFreeLockBeforeWhoWasWoken) {
  run([] {
    Mutex mutex;
    mutex.lock();
    auto waiting = spawn([&mutex] { const std::lock_guard guard(mutex); });
    testing::yield_until_waiting(1);
    mutex.unlock();
    const bool was_first = mutex.try_lock();
    if (max_procs() == 1) {
      EXPECT_TRUE(was_first) << "an unlock makes the lock free";
    }
    if (was_first) mutex.unlock();
    waiting.join();
    EXPECT_TRUE(mutex.try_lock());
    mutex.unlock();
  });
}

TEST_P(MutexTest, WhoHasWaitedForAMillisecondIsHandedTheLock) {
  run([] {
    Mutex mutex;
    std::atomic<bool> has_it{false};
    const auto may_go_on = make_chan<Unit>();
    mutex.lock();
    auto waiting = spawn([&, may_go_on] {
      const std::lock_guard guard(mutex);
      has_it = true;
      may_go_on.recv();
    });
    testing::yield_until_waiting(1);
    // A newcomer takes the lock again as soon as it gave it up, and lets the other see that it came too late.
    int rounds = 0;
    for (;; ++rounds) {
      mutex.unlock();
      if (!mutex.try_lock()) break;
      ASSERT_LT(rounds, 10'000'000) << "nobody hands the lock over";
      yield();
    }
    testing::yield_until([&] { return has_it.load(); });
    EXPECT_FALSE(mutex.try_lock());
    may_go_on.close();
    waiting.join();
    EXPECT_TRUE(mutex.try_lock());
    mutex.unlock();
  });
}

TEST_P(MutexTest, WhoStarvesIsServedInOrderAndNobodyIsLeftBehind) {
  run([] {
    Mutex mutex;
    std::vector<int> order;
    WaitGroup group;
    std::atomic<int> served{0};
    mutex.lock();
    for (int i = 0; i < 20; ++i) {
      group.go([&, i] {
        const std::lock_guard guard(mutex);
        order.push_back(i);
        ++served;
      });
      testing::yield_until_waiting(static_cast<std::size_t>(i) + 1);
    }
    // One that takes the lock whenever it can: the others get their turns all the same.
    while (served.load() < 20) {
      mutex.unlock();
      yield();
      mutex.lock();
    }
    mutex.unlock();
    group.wait();
    for (int i = 0; i < 20; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
  });
}

TEST_P(MutexTest, AHogOnAnotherThreadDoesNotStarveAGoroutine) {
  run_with_foreign_threads([] {
    Mutex mutex;
    std::atomic<bool> stop{false};
    std::atomic<bool> hogs{false};
    std::thread hog([&] {
      while (!stop.load()) {
        const std::lock_guard guard(mutex);
        hogs = true;
      }
    });
    testing::yield_until([&] { return hogs.load(); });
    for (int i = 0; i < 20; ++i) {
      const std::lock_guard guard(mutex);  // against one that is hardly ever without it
    }
    stop = true;
    blocking([&hog] { hog.join(); });
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

// The one that is woken and the one that is cancelled are the same, or each other's neighbours.
TEST_P(MutexTest, NoWakeUpIsLostToOneThatIsCancelled) {
  run([] {
    for (int round = 0; round < 200; ++round) {
      Mutex mutex;
      mutex.lock();
      std::vector<JoinHandle<void>> waiting;
      for (int i = 0; i < 3; ++i) waiting.push_back(spawn([&mutex] { const std::lock_guard guard(mutex); }));
      testing::yield_until_waiting(3);
      auto canceller = spawn([&waiting, round] { waiting[static_cast<std::size_t>(round % 3)].cancel(); });
      mutex.unlock();
      canceller.join();
      for (auto& handle : waiting) {
        try {
          handle.join();  // would wait for ever if the wake-up was lost
        } catch (const JoinCancelled&) {
        }
      }
      ASSERT_TRUE(mutex.try_lock()) << "round " << round;
      mutex.unlock();
    }
  });
}

TEST_P(MutexTest, ACancelledScopeMayStillTakeAFreeLock) {
  run([] {
    Mutex mutex;
    Scope scope;
    scope.cancel();
    bool took_it = false;
    scope.go([&] {
      const std::lock_guard guard(mutex);
      took_it = true;
    });
    static_cast<void>(scope.wait());
    EXPECT_TRUE(took_it);
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

}  // namespace
}  // namespace novelo
