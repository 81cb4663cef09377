// What novelo/sync.h has, over many interleavings drawn from seeds, with cancellation anywhere. A failure prints its
// seed.
#include <gtest/gtest.h>

#include <memory>
#include <mutex>
#include <shared_mutex>
#include <vector>

#include "support/explored.h"

namespace novelo {
namespace {

using testing::choose;
using testing::expect_no_failure;
using testing::join_all;
using testing::require;

// Counts up for as long as it lives, however the goroutine leaves.
class Inside {
 public:
  explicit Inside(int& count) : count_(count) { ++count_; }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;
  ~Inside() { --count_; }

 private:
  int& count_;
};

TEST(MutexExplored, OneAtATimeAndACancelledWaiterLeavesNoTrace) {
  expect_no_failure([] {
    Mutex mutex;
    int inside = 0;
    std::vector<JoinHandle<void>> all;
    for (int i = 0; i < 4; ++i) {
      all.push_back(spawn([&] {
        for (int round = 0; round < 2; ++round) {
          const std::lock_guard lock(mutex);
          const Inside here(inside);
          require(inside == 1, "two hold the lock");
          yield();
        }
      }));
    }
    all[2].cancel();
    join_all(all);
    require(mutex.try_lock(), "the lock is still held");
    mutex.unlock();
  });
}

TEST(RWMutexExplored, WritersAreAloneAndThoseCancelledLeaveNoTrace) {
  expect_no_failure([] {
    RWMutex mutex;
    int readers = 0;
    int writers = 0;
    const auto read = [&] {
      const std::shared_lock lock(mutex);
      const Inside here(readers);
      require(writers == 0, "a reader beside a writer");
      yield();
    };
    const auto write = [&] {
      const std::lock_guard lock(mutex);
      const Inside here(writers);
      require(writers == 1 && readers == 0, "a writer is not alone");
      yield();
    };
    std::vector<JoinHandle<void>> all;
    for (int i = 0; i < 6; ++i) {
      if (choose(2) == 0) {
        all.push_back(spawn(read));
      } else {
        all.push_back(spawn(write));
      }
    }
    for (int i = choose(3); i > 0; --i) yield();
    all[1].cancel();
    all[3].cancel();
    join_all(all);
    require(mutex.try_lock(), "it is still held");
    mutex.unlock();
  });
}

TEST(SemaphoreExplored, NothingIsLostThoughSomeAreCancelled) {
  expect_no_failure([] {
    Semaphore semaphore(3);
    int taken = 0;
    std::vector<JoinHandle<void>> all;
    for (int i = 0; i < 5; ++i) {
      all.push_back(spawn([&, wanted = 1 + i % 3] {
        semaphore.acquire(wanted);
        taken += wanted;
        const int seen = taken;
        shield([] { yield(); });
        taken -= wanted;
        semaphore.release(wanted);
        require(seen <= 3, "more was taken than there is");
      }));
    }
    for (int i = choose(3); i > 0; --i) yield();
    all[1].cancel();
    all[2].cancel();
    join_all(all);
    require(semaphore.try_acquire(3), "something was lost");
    require(!semaphore.try_acquire(), "something was gained");
  });
}

TEST(CondExplored, ANotifyIsNotLostToOneWhoIsCancelled) {
  expect_no_failure([] {
    Mutex mutex;
    Cond filled;
    int tokens = 0;
    bool has_one_too_few = false;
    std::vector<JoinHandle<void>> all;
    for (int i = 0; i < 3; ++i) {
      all.push_back(spawn([&, i] {
        std::unique_lock lock(mutex);
        filled.wait(lock, [&] { return tokens > 0; });
        --tokens;
        if (i == 0) has_one_too_few = true;
      }));
    }
    const auto give = [&] {
      {
        const std::lock_guard lock(mutex);
        ++tokens;
      }
      filled.notify_one();
    };
    // Enough for two: the third is cancelled, and leaves its own to nobody but these.
    auto giver = spawn([&] {
      give();
      give();
    });
    all[0].cancel();
    giver.join();
    try {
      all[0].join();
    } catch (const JoinCancelled&) {
    }
    if (has_one_too_few) give();
    all[1].join();
    all[2].join();
    require(tokens == 0, "a token is left");
  });
}

TEST(WaitGroupExplored, WaitReturnsAtZeroAndTheGroupMayGo) {
  expect_no_failure([] {
    int ended = 0;
    std::vector<JoinHandle<void>> waiters;
    {
      WaitGroup group;
      for (int i = 0; i < 3; ++i) {
        group.go([&] {
          yield();
          ++ended;
        });
      }
      for (int i = 0; i < 2; ++i) {
        waiters.push_back(spawn([&] {
          group.wait();
          require(ended == 3, "wait() returned before the last was done");
        }));
      }
      waiters[0].cancel();
      join_all(waiters);
      group.wait();
    }
    require(ended == 3, "wait() returned before the last was done");
  });
}

TEST(OnceExplored, OneCallRunsAndNobodyReturnsBeforeItsEnd) {
  expect_no_failure([] {
    Once once;
    int calls = 0;
    bool has_ended = false;
    std::vector<JoinHandle<void>> all;
    for (int i = 0; i < 4; ++i) {
      all.push_back(spawn([&] {
        once.call([&] {
          ++calls;
          shield([] { yield(); });
          has_ended = true;
        });
        require(has_ended, "a call returned before the end of the one that runs");
      }));
    }
    all[static_cast<std::size_t>(choose(4))].cancel();
    join_all(all);
    require(calls == 1, "it did not run once");
  });
}

TEST(SingleFlightExplored, OneRunAtATimeForAKeyAndAllThatWaitedHaveItsResult) {
  expect_no_failure([] {
    SingleFlight<int, int> flights;
    int running = 0;
    int runs = 0;
    std::vector<JoinHandle<void>> all;
    for (int i = 0; i < 4; ++i) {
      all.push_back(spawn([&] {
        const int before = runs;
        const int got = flights.call(7, [&] {
          const Inside here(running);
          require(running == 1, "two run for one key");
          const int run = ++runs;
          shield([] { yield(); });
          return run;
        });
        require(got >= before, "a result of a run that had ended before the call");
        require(got <= runs, "a result of no run");
      }));
    }
    all[static_cast<std::size_t>(choose(4))].cancel();
    join_all(all);
    require(flights.call(7, [] { return -1; }) == -1, "a run is still thought to go on");
  });
}

TEST(PoolExplored, NobodyHasWhatAnotherHas) {
  expect_no_failure([] {
    Pool<std::shared_ptr<int>> items([] { return std::make_shared<int>(0); });
    std::vector<JoinHandle<void>> all;
    for (int i = 0; i < 3; ++i) {
      all.push_back(spawn([&] {
        for (int round = 0; round < 3; ++round) {
          auto item = items.get();
          require(++*item == 1, "two have one item");
          yield();
          --*item;
          items.put(std::move(item));
        }
      }));
    }
    join_all(all);
  });
}

TEST(ContextExplored, ACancelReachesAllBelowBeforeItReturns) {
  expect_no_failure([] {
    const WithCancel top = with_cancel(current_context());
    const WithCancel middle = with_cancel(top.ctx);
    std::vector<JoinHandle<void>> all;
    int called = 0;
    for (int i = 0; i < 2; ++i) {
      all.push_back(spawn([&] {
        const WithCancel own = with_cancel(middle.ctx);
        const StopFunc stop = after_func(own.ctx, [&] { ++called; });
        if (choose(2) == 0) own.cancel();
        own.ctx.done().recv();
        require(!stop() || called < 2, "a function ran that was stopped");
        require(!own.ctx.err().ok(), "done, and knows no error");
      }));
    }
    auto other = spawn([&] {
      middle.cancel();
      require(!middle.ctx.err().ok(), "cancel() returned before it had cancelled");
    });
    if (choose(2) == 0) yield();
    top.cancel();
    require(!top.ctx.err().ok() && !middle.ctx.err().ok(), "cancel() returned before it had cancelled all below");
    join_all(all);
    other.join();
  });
}

}  // namespace
}  // namespace novelo
