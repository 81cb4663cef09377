// The number of processors, changed while goroutines run, and threads that end when they have nothing to do.
#include <atomic>
#include <thread>

#include "novelo/stats.h"
#include "support/runtime_fixture.h"

namespace novelo {
namespace {

class ProcsTest : public testing::RuntimeTest {};
NOVELO_WITH_PROCS(ProcsTest);

TEST_P(ProcsTest, TheOldNumberIsReturnedAndTheNewOneHolds) {
  run([] {
    const int before = max_procs();
    EXPECT_EQ(set_max_procs(7), before);
    EXPECT_EQ(max_procs(), 7);
    EXPECT_EQ(runtime_stats().run_queue_length.size(), 7u);
    EXPECT_EQ(set_max_procs(1), 7);
    EXPECT_EQ(max_procs(), 1);
    EXPECT_EQ(set_max_procs(1024), 1);
    EXPECT_EQ(max_procs(), 1024);
    EXPECT_EQ(set_max_procs(before), 1024);
  });
}

TEST_P(ProcsTest, NumbersBelowOneChangeNothingAndTooLargeOnesAreRefused) {
  run([] {
    const int before = max_procs();
    EXPECT_EQ(set_max_procs(0), before);
    EXPECT_EQ(set_max_procs(-3), before);
    EXPECT_EQ(max_procs(), before);
    try {
      set_max_procs(1025);
      FAIL() << "1025 processors were accepted";
    } catch (const RuntimeError& e) {
      EXPECT_NE(std::string(e.what()).find("the limit is 1024"), std::string::npos) << e.what();
    }
  });
}

// How many of these goroutines hold a processor at one time. They never call the runtime, so each keeps its own.
int running_at_once(int goroutines) {
  std::atomic<int> running{0};
  std::atomic<int> most{0};
  std::atomic<bool> is_over{false};
  Scope scope;
  for (int i = 0; i < goroutines; ++i) {
    scope.go([&] {
      const int now_running = ++running;
      int seen = most.load();
      while (seen < now_running && !most.compare_exchange_weak(seen, now_running)) {
      }
      while (!is_over && most < goroutines) std::this_thread::yield();
      --running;
    });
  }
  // The caller's own processor is one of them once it waits here.
  blocking([&] {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (most < goroutines && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  });
  is_over = true;
  EXPECT_TRUE(scope.wait().ok());
  return most;
}

TEST_P(ProcsTest, MoreProcessorsRunMoreAtOnce) {
  run([] {
    set_max_procs(6);
    EXPECT_EQ(running_at_once(6), 6);
  });
}

TEST_P(ProcsTest, WorkGoesOnWhileTheNumberChanges) {
  run([] {
    std::atomic<bool> is_over{false};
    Scope scope;
    std::atomic<std::int64_t> rounds{0};
    for (int pair = 0; pair < 8; ++pair) {
      const auto c = make_chan<int>();
      scope.go([c, &is_over] {
        while (!is_over) {
          c.send(1);
          sleep(absl::Microseconds(50));
        }
        c.close();
      });
      scope.go([c, &rounds] {
        for (int& v : c) rounds += v;
      });
    }
    for (const int n : {3, 1, 9, 2, 16, 1, 4, 1, 1024, 2}) {
      set_max_procs(n);
      const std::int64_t seen = rounds;
      testing::yield_until([&] { return rounds > seen + 50; });
    }
    is_over = true;
    EXPECT_TRUE(scope.wait().ok());
  });
}

TEST_P(ProcsTest, TimersOfARetiredProcessorFireOnTime) {
  run([] {
    set_max_procs(8);
    std::atomic<int> armed{0};
    std::atomic<int> fired{0};
    Scope scope;
    for (int i = 0; i < 64; ++i) {
      scope.go([&] {
        ++armed;
        sleep(absl::Milliseconds(30));
        ++fired;
      });
    }
    testing::yield_until([&] { return armed == 64; });
    set_max_procs(1);
    // One processor, always busy: nobody goes idle, who would look at the timers of all.
    testing::yield_until([&] { return fired == 64; });
    EXPECT_TRUE(scope.wait().ok());
  });
}

TEST_P(ProcsTest, AGoroutineThatNeverCallsTheRuntimeLosesARetiredProcessor) {
  run([] {
    set_max_procs(4);
    std::atomic<int> looping{0};
    std::atomic<bool> is_over{false};
    Scope scope;
    for (int i = 0; i < 3; ++i) {
      scope.go([&] {
        ++looping;
        while (!is_over) std::this_thread::yield();
      });
    }
    testing::yield_until([&] { return looping == 3; });
    set_max_procs(1);
    // The loops keep their threads and lose their processors; the one that is left serves the others.
    for (int i = 0; i < 100; ++i) spawn([] { yield(); }).join();
    testing::yield_until([] { return runtime_stats().threads_running <= 1; });
    is_over = true;
    EXPECT_TRUE(scope.wait().ok());
  });
}

TEST_P(ProcsTest, ALockedGoroutineStaysOnItsThreadWhichRunsNoOther) {
  run([] {
    std::atomic<bool> is_over{false};
    Scope others;
    lock_os_thread();
    const std::thread::id own = std::this_thread::get_id();
    std::atomic<int> intruders{0};
    std::atomic<int> ran{0};
    for (int i = 0; i < 4; ++i) {
      others.go([&] {
        while (!is_over) {
          if (std::this_thread::get_id() == own) ++intruders;
          ++ran;
          yield();
        }
      });
    }
    const auto c = make_chan<int>();
    others.go([&] {
      for (int i = 0; i < 50; ++i) c.send(i);
      c.close();
    });
    for (int& v : c) {
      EXPECT_EQ(std::this_thread::get_id(), own) << "after receiving " << v;
      yield();
      EXPECT_EQ(std::this_thread::get_id(), own);
      if (v % 10 == 0) sleep(absl::Microseconds(100));
      EXPECT_EQ(std::this_thread::get_id(), own);
      blocking([&] { EXPECT_EQ(std::this_thread::get_id(), own); });
    }
    is_over = true;
    EXPECT_TRUE(others.wait().ok());
    EXPECT_GT(ran, 0);
    EXPECT_EQ(intruders, 0);
    EXPECT_EQ(std::this_thread::get_id(), own);
    unlock_os_thread();
  });
}

TEST_P(ProcsTest, LocksOfTheThreadAreCounted) {
  run([] {
    lock_os_thread();
    lock_os_thread();
    unlock_os_thread();
    const std::thread::id own = std::this_thread::get_id();
    for (int i = 0; i < 20; ++i) spawn([] { yield(); }).join();
    EXPECT_EQ(std::this_thread::get_id(), own);
    unlock_os_thread();
    EXPECT_THROW(unlock_os_thread(), RuntimeError);
  });
}

TEST_P(ProcsTest, AGoroutineThatEndsLockedTakesItsThreadWithIt) {
  run([] {
    thread_local int marks = 0;
    for (int i = 0; i < 5; ++i) {
      spawn([] {
        lock_os_thread();
        EXPECT_EQ(marks, 0) << "a marked thread came back";
        ++marks;
        yield();
        EXPECT_EQ(marks, 1);
      }).join();
      spawn([] { EXPECT_EQ(marks, 0); }).join();
    }
  });
}

TEST_P(ProcsTest, TwoLockedGoroutinesTalkToEachOther) {
  run([] {
    const auto to = make_chan<int>();
    const auto from = make_chan<int>();
    auto echo = spawn([&] {
      lock_os_thread();
      for (int& v : to) from.send(v + 1);
      unlock_os_thread();
    });
    lock_os_thread();
    int v = 0;
    for (int i = 0; i < 100; ++i) {
      to.send(v);
      v = *from.recv();
    }
    unlock_os_thread();
    to.close();
    echo.join();
    EXPECT_EQ(v, 100);
  });
}

TEST(ThreadsTest, ADeadlockOfALockedGoroutineIsFound) {
  Runtime runtime(RuntimeOptions{.max_goroutines = 1024});
  EXPECT_THROW(runtime.run([] {
    lock_os_thread();
    make_chan<int>().recv();
  }),
               DeadlockError);
}

TEST(ThreadsTest, ThoseThatBlockingCallsNeededEndAfterTheTimeout) {
  RuntimeOptions options;
  options.max_procs = 2;
  options.max_goroutines = 20'000;
  options.thread_idle_timeout = absl::Milliseconds(20);
  Runtime runtime(std::move(options));
  runtime.run([] {
    const auto threads = [] {
      const RuntimeStats stats = runtime_stats();
      return stats.threads_running + stats.threads_idle + stats.threads_blocked;
    };
    for (int round = 0; round < 3; ++round) {
      std::atomic<int> inside{0};
      Scope scope;
      for (int i = 0; i < 20; ++i) {
        scope.go([&inside] {
          blocking([&inside] {
            ++inside;
            while (inside < 20) std::this_thread::yield();
          });
        });
      }
      EXPECT_TRUE(scope.wait().ok());
      EXPECT_GT(threads(), 2u);
      while (threads() > 2) sleep(absl::Milliseconds(5));
    }
  });
}

TEST(ThreadsTest, SetMaxProcsOutsideARuntimeThrows) {
  EXPECT_THROW(set_max_procs(2), RuntimeError);
}

}  // namespace
}  // namespace novelo
