// Semaphore: order, amounts, misuse, cancellation, and destruction at the earliest moment allowed.
#include <atomic>
#include <limits>
#include <memory>
#include <thread>
#include <vector>

#include "support/runtime_fixture.h"

namespace novelo {
namespace {

class SemaphoreTest : public testing::RuntimeTest {};
NOVELO_WITH_PROCS(SemaphoreTest);

TEST_P(SemaphoreTest, NeverMoreThanItsNumberAreInside) {
  run([] {
    Semaphore semaphore(3);
    std::atomic<int> inside{0};
    std::atomic<int> most{0};
    WaitGroup group;
    for (int i = 0; i < 12; ++i) {
      group.go([&] {
        for (int n = 0; n < 100; ++n) {
          semaphore.acquire();
          const int now = ++inside;
          int before = most.load();
          while (before < now && !most.compare_exchange_weak(before, now)) {
          }
          if (n % 10 == 0) yield();
          --inside;
          semaphore.release();
        }
      });
    }
    group.wait();
    EXPECT_LE(most.load(), 3);
    EXPECT_TRUE(semaphore.try_acquire(3));
    EXPECT_FALSE(semaphore.try_acquire());
  });
}

TEST_P(SemaphoreTest, WhoWaitsIsServedInOrderAndMuchIsNotOvertakenByLittle) {
  run([] {
    Semaphore semaphore(0);
    std::vector<int> order;
    Mutex mutex;
    WaitGroup group;
    std::size_t waiting = 0;
    for (const int amount : {3, 1, 2}) {
      group.go([&, amount] {
        semaphore.acquire(amount);
        const std::lock_guard guard(mutex);
        order.push_back(amount);
      });
      testing::yield_until_waiting(++waiting);
    }
    semaphore.release(2);  // enough for those behind, not for the first
    EXPECT_EQ(runtime_stats().goroutines_waiting, 3u);
    EXPECT_FALSE(semaphore.try_acquire()) << "others queue";
    semaphore.release();
    testing::yield_until([&] {
      const std::lock_guard guard(mutex);
      return order.size() == 1;
    });
    semaphore.release(3);
    group.wait();
    EXPECT_EQ(order.front(), 3);
  });
}

TEST_P(SemaphoreTest, OneReleaseServesSeveral) {
  run([] {
    Semaphore semaphore(0);
    WaitGroup group;
    for (int i = 0; i < 5; ++i) group.go([&] { semaphore.acquire(2); });
    testing::yield_until_waiting(5);
    semaphore.release(11);
    group.wait();
    EXPECT_TRUE(semaphore.try_acquire(1));
    EXPECT_FALSE(semaphore.try_acquire(1));
  });
}

TEST_P(SemaphoreTest, NothingIsAlwaysThere) {
  run([] {
    Semaphore semaphore(0);
    semaphore.acquire(0);
    EXPECT_TRUE(semaphore.try_acquire(0));
    semaphore.release(0);
    EXPECT_FALSE(semaphore.try_acquire(1));
  });
}

TEST_P(SemaphoreTest, MisuseThrowsAndChangesNothing) {
  run([] {
    EXPECT_THROW(Semaphore(-1), RuntimeError);
    Semaphore semaphore(2);
    EXPECT_THROW(semaphore.acquire(-1), RuntimeError);
    EXPECT_THROW(semaphore.release(-1), RuntimeError);
    EXPECT_THROW(static_cast<void>(semaphore.try_acquire(-1)), RuntimeError);
    EXPECT_THROW(semaphore.release(std::numeric_limits<std::int64_t>::max()), RuntimeError);
    EXPECT_TRUE(semaphore.try_acquire(2));
    EXPECT_FALSE(semaphore.try_acquire(1));
  });
}

TEST_P(SemaphoreTest, ACancelledWaiterLetsThroughThoseItHeldUp) {
  run([] {
    Semaphore semaphore(1);
    auto much = spawn([&] { semaphore.acquire(5); });
    testing::yield_until_waiting(1);
    auto little = spawn([&] { semaphore.acquire(1); });
    testing::yield_until_waiting(2);
    much.cancel();
    EXPECT_THROW(much.join(), JoinCancelled);
    little.join();
    semaphore.release(1);
    EXPECT_TRUE(semaphore.try_acquire(1)) << "nobody queues";
  });
}

TEST_P(SemaphoreTest, CancelAgainstReleaseLosesNothing) {
  run([] {
    for (int round = 0; round < 300; ++round) {
      Semaphore semaphore(0);
      std::atomic<int> got{0};
      std::vector<JoinHandle<void>> waiting;
      for (int i = 0; i < 2; ++i) {
        waiting.push_back(spawn([&] {
          semaphore.acquire();
          ++got;
        }));
      }
      testing::yield_until_waiting(2);
      auto canceller = spawn([&] { waiting[static_cast<std::size_t>(round % 2)].cancel(); });
      semaphore.release(2);
      canceller.join();
      for (auto& one : waiting) {
        try {
          one.join();
        } catch (const JoinCancelled&) {
        }
      }
      const bool one_left = semaphore.try_acquire();
      ASSERT_EQ(got.load() + (one_left ? 1 : 0), 2) << "round " << round;
      ASSERT_FALSE(semaphore.try_acquire());
    }
  });
}

TEST_P(SemaphoreTest, MayBeDestroyedAsSoonAsTheAcquireReturned) {
  run([] {
    int rounds = 0;
    for (; rounds < 500; ++rounds) {
      auto semaphore = std::make_unique<Semaphore>(0);
      auto other = spawn([s = semaphore.get()] { s->release(); });
      if (rounds % 2 == 0) {
        semaphore->acquire();
      } else {
        testing::yield_until([&] { return semaphore->try_acquire(); });
      }
      semaphore.reset();  // the other may still be inside its release()
      other.join();
    }
    EXPECT_EQ(rounds, 500);
  });
}

TEST_P(SemaphoreTest, ForeignThreadsTakeTheirTurns) {
  run_with_foreign_threads([] {
    Semaphore there(0);
    Semaphore back(0);
    int turns = 0;
    std::thread foreign([&] {
      for (int i = 0; i < 500; ++i) {
        there.acquire();
        ++turns;
        back.release();
      }
    });
    for (int i = 0; i < 500; ++i) {
      there.release();
      back.acquire();
    }
    blocking([&foreign] { foreign.join(); });
    EXPECT_EQ(turns, 500);
  });
}

}  // namespace
}  // namespace novelo
