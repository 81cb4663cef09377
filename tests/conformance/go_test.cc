// Goroutines, joining, scopes, deadlines and cancellation, with 1, 2, 4 and 16 processors.
#include <stdexcept>
#include <string>

#include "support/runtime_fixture.h"

namespace novelo {
namespace {

class Go : public testing::RuntimeTest {};
NOVELO_WITH_PROCS(Go);

TEST_P(Go, ArgumentsAreStoredByValue) {
  run([] {
    auto results = make_chan<std::string>(1);
    std::string text = "before";
    go([results](std::string copy) { results.send(std::move(copy)); }, text);
    text = "after";
    EXPECT_EQ(results.recv(), "before");
  });
}

TEST_P(Go, JoinReturnsTheResult) {
  run([] { EXPECT_EQ(spawn([](int a, int b) { return a + b; }, 40, 2).join(), 42); });
}

TEST_P(Go, JoinRethrowsTheException) {
  run([] {
    auto handle = spawn([]() -> int { throw std::runtime_error("lost the thread"); });
    EXPECT_THROW(handle.join(), std::runtime_error);
  });
}

TEST_P(Go, JoinOfACancelledGoroutineThrowsJoinCancelled) {
  run([] {
    auto handle = spawn([] { sleep(absl::InfiniteDuration()); });
    handle.cancel();
    EXPECT_THROW(handle.join(), JoinCancelled);
  });
}

TEST_P(Go, JoinOfAGoroutineThatCalledGoexitThrows) {
  run([] {
    auto handle = spawn([] { goexit(); });
    EXPECT_THROW(handle.join(), RuntimeError);
  });
}

TEST_P(Go, GoexitRunsDestructors) {
  run([] {
    auto told = make_chan<int>(1);
    go([told] {
      struct Tell {
        Chan<int> to;
        ~Tell() {
          int one = 1;
          to.try_send(one);
        }
      } tell{told};
      goexit();
    });
    EXPECT_EQ(told.recv(), 1);
  });
}

TEST_P(Go, IdsAreNeverReused) {
  run([] {
    const std::uint64_t first = spawn([] { return goroutine_id(); }).join();
    const std::uint64_t second = spawn([] { return goroutine_id(); }).join();
    EXPECT_GT(second, first);
  });
}

TEST_P(Go, SleepIsNeverEarly) {
  run([] {
    for (int us : {0, 1, 50, 1000}) {
      const absl::Time before = absl::Now();
      sleep(absl::Microseconds(us));
      EXPECT_GE(absl::Now() - before + absl::Microseconds(1), absl::Microseconds(us));
    }
  });
}

TEST_P(Go, YieldLetsEveryOtherRunnableGoroutineGoFirst) {
  run([] {
    auto order = make_chan<int>(2);
    auto handle = spawn([order] {
      yield();
      order.send(1);
    });
    handle.join();
    EXPECT_EQ(order.len(), 1u);
  });
}

TEST_P(Go, ABlockedThreadHandsItsProcessorOn) {
  run([] {
    // As many goroutines block their threads as there are processors; another one must still run to free them.
    const int procs = max_procs();
    std::atomic<bool> gate{false};
    WaitGroup blocked;
    for (int i = 0; i < procs; ++i) {
      blocked.go([&gate] { blocking([&gate] { gate.wait(false); }); });
    }
    auto opener = spawn([&gate] {
      gate.store(true);
      gate.notify_all();
    });
    opener.join();
    blocked.wait();
    EXPECT_TRUE(gate.load());
  });
}

TEST_P(Go, ALoopWithoutCallsDelaysNobodyForEver) {
  run([] {
    std::atomic<bool> stop{false};
    WaitGroup spinning;
    for (int i = 0; i < max_procs() + 1; ++i) {
      spinning.go([&stop] {
        while (!stop.load(std::memory_order_relaxed)) {
        }
      });
    }
    // Runs though every processor is taken by a loop that never calls the runtime.
    sleep(absl::Milliseconds(1));
    stop = true;
    spinning.wait();
    EXPECT_TRUE(stop.load());
  });
}

TEST_P(Go, HandledExceptionsStayWithTheirGoroutine) {
  run([] {
    WaitGroup group;
    for (int i = 0; i < 50; ++i) {
      group.go([i] {
        const std::string mine = std::to_string(i);
        try {
          throw std::runtime_error(mine);
        } catch (const std::runtime_error&) {
          for (int n = 0; n < 20; ++n) yield();  // other goroutines throw and catch on this thread meanwhile
          try {
            throw;
          } catch (const std::runtime_error& again) {
            EXPECT_EQ(again.what(), mine);
          }
        }
        EXPECT_EQ(std::uncaught_exceptions(), 0);
      });
    }
    group.wait();
  });
}

TEST_P(Go, ScopeWaitsForItsChildren) {
  run([] {
    std::atomic<int> ended{0};
    {
      Scope scope;
      for (int i = 0; i < 100; ++i) {
        scope.go([&ended] {
          yield();
          ++ended;
        });
      }
      EXPECT_TRUE(scope.wait().ok());
    }
    EXPECT_EQ(ended.load(), 100);
  });
}

TEST_P(Go, TheFirstErrorOfAScopeCancelsTheOthers) {
  run([] {
    Scope scope;
    scope.go([] { sleep(absl::InfiniteDuration()); });
    scope.go([] { return absl::NotFoundError("nothing here"); });
    EXPECT_EQ(scope.wait(), absl::NotFoundError("nothing here"));
  });
}

TEST_P(Go, ACancelledScopeSaysSo) {
  run([] {
    Scope scope;
    scope.go([] { sleep(absl::InfiniteDuration()); });
    scope.cancel();
    EXPECT_EQ(scope.wait().code(), absl::StatusCode::kCancelled);
  });
}

TEST_P(Go, WithTimeoutEndsAWaitAndWhatWasStartedInside) {
  run([] {
    const std::size_t before = num_goroutines();
    const absl::Status status = with_timeout(absl::Milliseconds(5), [] {
      go([] { sleep(absl::InfiniteDuration()); });
      Chan<int> nil;
      nil.recv();
    });
    EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
    EXPECT_EQ(num_goroutines(), before);
  });
}

TEST_P(Go, WithTimeoutReturnsTheStatusOfItsBody) {
  run([] {
    EXPECT_TRUE(with_timeout(absl::InfiniteDuration(), [] {}).ok());
    EXPECT_EQ(with_timeout(absl::Hours(1), [] { return absl::AbortedError("no"); }), absl::AbortedError("no"));
  });
}

TEST_P(Go, AnOuterCancelPassesThroughWithTimeout) {
  run([] {
    auto handle = spawn([] { return with_timeout(absl::Hours(1), [] { sleep(absl::InfiniteDuration()); }).ok(); });
    testing::yield_until_waiting(1);
    handle.cancel();
    EXPECT_THROW(handle.join(), JoinCancelled);
  });
}

TEST_P(Go, CancellationIsALevelUntilTheGoroutineLeaves) {
  run([] {
    auto handle = spawn([] {
      int caught = 0;
      for (int i = 0; i < 3; ++i) {
        try {
          sleep(absl::InfiniteDuration());
        } catch (const Cancelled&) {
          ++caught;
        }
      }
      return caught;
    });
    testing::yield_until_waiting(1);
    handle.cancel();
    EXPECT_EQ(handle.join(), 3);
  });
}

TEST_P(Go, ShieldHoldsCancellationBack) {
  run([] {
    auto gate = make_chan<Unit>();
    auto handle = spawn([gate] {
      shield([gate] { gate.recv(); });
      try {
        sleep(absl::InfiniteDuration());
      } catch (const Cancelled&) {
        return true;
      }
      return false;
    });
    testing::yield_until_waiting(1);
    handle.cancel();
    gate.close();
    EXPECT_TRUE(handle.join());
  });
}

TEST_P(Go, CancelUnwindsTenThousandParkedGoroutines) {
  run([] {
    const std::size_t before = num_goroutines();
    auto never = make_chan<int>();
    {
      Scope scope;
      for (int i = 0; i < 10'000; ++i) scope.go([never] { never.recv(); });
      scope.cancel();
      EXPECT_EQ(scope.wait().code(), absl::StatusCode::kCancelled);
    }
    EXPECT_EQ(num_goroutines(), before);
    int one = 1;
    EXPECT_FALSE(never.try_send(one)) << "a waiter was left in the queue";
  });
}

}  // namespace
}  // namespace novelo
