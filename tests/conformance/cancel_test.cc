// Cancellation: whom it reaches, when it is delivered, and its races with events and deadlines.
#include <atomic>
#include <chrono>
#include <stdexcept>
#include <vector>

#include "support/runtime_fixture.h"

namespace novelo {
namespace {

class CancelTest : public testing::RuntimeTest {};
NOVELO_WITH_PROCS(CancelTest);

// How many goroutines one test parks: fewer than the fixture's limit. An emulator is slow, and ThreadSanitizer knows no
// more than 8128 stacks.
#if defined(__aarch64__) || defined(__SANITIZE_THREAD__)
constexpr int kMany = 2'000;
#else
constexpr int kMany = 19'000;
#endif

TEST_P(CancelTest, ReachesEachOfVeryManyParkedGoroutines) {
  run([] {
    auto never = make_chan<int>();
    std::atomic<int> cancelled{0};
    {
      Scope scope;
      for (int i = 0; i < kMany; ++i) {
        scope.go([&cancelled, never] {
          try {
            never.recv();
          } catch (const Cancelled&) {
            ++cancelled;
            throw;
          }
        });
      }
      testing::yield_until_waiting(kMany);
      scope.cancel();
      EXPECT_EQ(scope.wait().code(), absl::StatusCode::kCancelled);
    }
    EXPECT_EQ(cancelled.load(), kMany);
    int one = 1;
    EXPECT_FALSE(never.try_send(one)) << "a waiter was left in the queue";
  });
}

TEST_P(CancelTest, GoesDownThroughNestedScopes) {
  run([] {
    std::atomic<int> unwound{0};
    std::atomic<int> parked{0};
    Scope outer;
    outer.go([&] {
      Scope middle;
      middle.go([&] {
        auto innermost = spawn([&] {
          struct Count {
            std::atomic<int>* counter;
            ~Count() { ++*counter; }
          } count{&unwound};
          ++parked;
          sleep(absl::InfiniteDuration());
        });
        innermost.join();
      });
      static_cast<void>(middle.wait());
    });
    testing::yield_until([&] { return parked.load() == 1; });
    outer.cancel();
    EXPECT_EQ(outer.wait().code(), absl::StatusCode::kCancelled);
    EXPECT_EQ(unwound.load(), 1);
  });
}

TEST_P(CancelTest, OfAnInnerScopeLeavesTheOuterOneAlone) {
  run([] {
    auto gate = make_chan<int>();
    Scope outer;
    std::atomic<int> got{0};
    outer.go([&] {
      Scope inner;
      inner.go([] { sleep(absl::InfiniteDuration()); });
      inner.cancel();
      EXPECT_EQ(inner.wait().code(), absl::StatusCode::kCancelled);
      got = *gate.recv();
    });
    gate.send(4);
    EXPECT_TRUE(outer.wait().ok());
    EXPECT_EQ(got.load(), 4);
  });
}

TEST_P(CancelTest, AGoroutineStartedAfterTheCancelLeavesAtItsFirstBlockingCall) {
  run([] {
    Scope scope;
    scope.cancel();
    bool started = false;
    bool passed = false;
    scope.go([&] {
      started = true;
      sleep(absl::InfiniteDuration());
      passed = true;
    });
    EXPECT_EQ(scope.wait().code(), absl::StatusCode::kCancelled);
    EXPECT_TRUE(started);
    EXPECT_FALSE(passed);
  });
}

TEST_P(CancelTest, IsDeliveredByYield) {
  run([] {
    std::atomic<bool> runs{false};
    auto handle = spawn([&runs] {
      for (;;) {
        runs = true;
        yield();
      }
    });
    testing::yield_until([&runs] { return runs.load(); });
    handle.cancel();
    EXPECT_THROW(handle.join(), JoinCancelled);
  });
}

TEST_P(CancelTest, IsNotDeliveredByTryCallsCloseAndDone) {
  run([] {
    auto gate = make_chan<Unit>();
    auto handle = spawn([gate] {
      shield([gate] { gate.recv(); });  // from here on it is cancelled
      auto c = make_chan<int>(1);
      int one = 1;
      std::optional<int> out;
      const bool sent = c.try_send(one);
      const bool received = c.try_recv(out) == RecvResult::kReceived;
      c.close();
      Mutex mutex;
      const bool locked = mutex.try_lock();
      mutex.unlock();
      WaitGroup group;
      group.add(1);
      group.done();
      return sent && received && locked;
    });
    testing::yield_until_waiting(1);
    handle.cancel();
    gate.close();
    EXPECT_TRUE(handle.join());
  });
}

TEST_P(CancelTest, IsNotDeliveredWhileTheStackUnwinds) {
  run([] {
    auto handle = spawn([] {
      struct Closing {
        Chan<int> c = make_chan<int>();
        ~Closing() {
          c.close();
          EXPECT_EQ(c.recv(), std::nullopt);
          yield();
        }
      } closing;
      sleep(absl::InfiniteDuration());
    });
    testing::yield_until_waiting(1);
    handle.cancel();
    EXPECT_THROW(handle.join(), JoinCancelled);
  });
}

TEST_P(CancelTest, ADeadlineEndsWithItsOwnException) {
  run([] {
    bool was_deadline = false;
    const absl::Status status = with_timeout(absl::Milliseconds(2), [&was_deadline] {
      try {
        make_chan<int>().recv();
      } catch (const DeadlineExceeded&) {
        was_deadline = true;
        throw;
      }
    });
    EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
    EXPECT_TRUE(was_deadline);
  });
}

TEST_P(CancelTest, ADeadlineIsNeverEarly) {
  run([] {
    const auto before = std::chrono::steady_clock::now();
    const absl::Status status = with_timeout(absl::Milliseconds(5), [] { sleep(absl::InfiniteDuration()); });
    EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
    EXPECT_GE(std::chrono::steady_clock::now() - before + std::chrono::microseconds(100), std::chrono::milliseconds(5));
  });
}

TEST_P(CancelTest, OfNestedDeadlinesTheEarlierOneCounts) {
  run([] {
    absl::Status inner;
    const absl::Status outer = with_timeout(absl::Milliseconds(3), [&inner] {
      inner = with_timeout(absl::Hours(1), [] { sleep(absl::InfiniteDuration()); });
    });
    EXPECT_EQ(outer.code(), absl::StatusCode::kDeadlineExceeded);
    EXPECT_TRUE(inner.ok()) << "it was left by the outer one's exception and never returned";
    absl::Status after_inner;
    const absl::Status unharmed = with_timeout(absl::Hours(1), [&after_inner] {
      after_inner = with_timeout(absl::Milliseconds(2), [] { sleep(absl::InfiniteDuration()); });
      sleep(absl::Microseconds(10));
    });
    EXPECT_TRUE(unharmed.ok());
    EXPECT_EQ(after_inner.code(), absl::StatusCode::kDeadlineExceeded);
  });
}

TEST_P(CancelTest, AShieldedWaitSaysThatTheCancelOfAnOuterScopeCutItsChildrenShort) {
  run([] {
    absl::Status waited;
    auto handle = spawn([&waited] {
      shield([&waited] {
        Scope scope;
        scope.go([] { sleep(absl::InfiniteDuration()); });
        waited = scope.wait();
      });
    });
    testing::yield_until_waiting(2);
    handle.cancel();
    handle.join();
    EXPECT_EQ(waited.code(), absl::StatusCode::kCancelled);
  });
}

TEST_P(CancelTest, ADeadlineInThePastEndsTheFirstBlockingCall) {
  run([] {
    const absl::Status status = with_deadline(absl::Now() - absl::Hours(1), [] { sleep(absl::InfiniteDuration()); });
    EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
    EXPECT_EQ(with_timeout(-absl::InfiniteDuration(), [] { Chan<int>{}.recv(); }).code(),
              absl::StatusCode::kDeadlineExceeded);
  });
}

TEST_P(CancelTest, ADeadlineInThePastIsNotALateTimer) {
  run([] {
    const double before = runtime_stats().timer_lateness.sum_seconds;
    EXPECT_FALSE(with_deadline(absl::InfinitePast(), [] { sleep(absl::InfiniteDuration()); }).ok());
    EXPECT_FALSE(with_deadline(absl::Now() - absl::Hours(1), [] { sleep(absl::InfiniteDuration()); }).ok());
    const double more = runtime_stats().timer_lateness.sum_seconds - before;
    EXPECT_GE(more, 0.0);
    EXPECT_LT(more, 600.0);
  });
}

TEST_P(CancelTest, ABodyThatReturnsBeforeItsDeadlineIsOk) {
  run([] {
    for (int i = 0; i < 200; ++i) ASSERT_TRUE(with_timeout(absl::Hours(1), [] { yield(); }).ok());
    EXPECT_EQ(runtime_stats().timers, 0u);
  });
}

TEST_P(CancelTest, AnotherExceptionPassesThroughWithTimeout) {
  run([] {
    EXPECT_THROW(static_cast<void>(with_timeout(absl::Hours(1), [] { throw std::runtime_error("mine"); })),
                 std::runtime_error);
    EXPECT_EQ(runtime_stats().timers, 0u);
  });
}

// Property: a value is taken by the receiver or left with the sender, whatever wins, and never lost.
TEST_P(CancelTest, AgainstAnEventLosesNoValue) {
  run([] {
    for (int round = 0; round < 500; ++round) {
      auto c = make_chan<int>();
      std::atomic<int> received{0};
      auto receiver = spawn([c, &received] { received = *c.recv(); });
      auto canceller = spawn([&receiver] { receiver.cancel(); });
      int value = 7;
      bool sent = false;
      while (!sent && num_goroutines() > 1) {
        sent = c.try_send(value);
        yield();
      }
      canceller.join();
      bool was_cancelled = false;
      try {
        receiver.join();
      } catch (const JoinCancelled&) {
        was_cancelled = true;
      }
      ASSERT_NE(sent, was_cancelled) << "round " << round;
      ASSERT_EQ(received.load(), sent ? 7 : 0);
    }
  });
}

TEST_P(CancelTest, AgainstADeadlineEndsTheGoroutineOnce) {
  run([] {
    for (int round = 0; round < 200; ++round) {
      std::atomic<int> ended{0};
      auto handle = spawn([&ended, round] {
        struct Count {
          std::atomic<int>* counter;
          ~Count() { ++*counter; }
        } count{&ended};
        return with_timeout(absl::Microseconds(round % 40), [] { sleep(absl::InfiniteDuration()); }).code();
      });
      yield();
      handle.cancel();
      try {
        EXPECT_EQ(handle.join(), absl::StatusCode::kDeadlineExceeded);
      } catch (const JoinCancelled&) {
      }
      ASSERT_EQ(ended.load(), 1);
    }
  });
}

TEST_P(CancelTest, AScopeLeftByAnExceptionEndsItsChildrenFirst) {
  run([] {
    std::atomic<int> unwound{0};
    try {
      Scope scope;
      for (int i = 0; i < 10; ++i) {
        scope.go([&unwound] {
          struct Count {
            std::atomic<int>* counter;
            ~Count() { ++*counter; }
          } count{&unwound};
          sleep(absl::InfiniteDuration());
        });
      }
      testing::yield_until_waiting(10);
      throw std::runtime_error("left");
    } catch (const std::runtime_error&) {
      EXPECT_EQ(unwound.load(), 10);
    }
    EXPECT_EQ(unwound.load(), 10);
  });
}

TEST_P(CancelTest, AChildsExceptionIsRethrownByWait) {
  run([] {
    Scope scope;
    scope.go([] { sleep(absl::InfiniteDuration()); });
    scope.go([] { throw std::out_of_range("child"); });
    EXPECT_THROW(static_cast<void>(scope.wait()), std::out_of_range);
  });
}

}  // namespace
}  // namespace novelo
