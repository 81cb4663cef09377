// Runtime: one at a time, what run() returns and throws, deadlocks, posting, limits, and options.
#include "novelo/runtime.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "novelo/novelo.h"

namespace novelo {
namespace {

RuntimeOptions options(int procs = 2) {
  RuntimeOptions chosen;
  chosen.max_procs = procs;
  chosen.max_goroutines = 20'000;  // emulators are slow at reserving address space
  return chosen;
}

std::string deadlock_of(Runtime& runtime, absl::AnyInvocable<void()> body) {
  try {
    runtime.run(std::move(body));
  } catch (const DeadlockError& e) {
    return e.what();
  }
  return "no deadlock";
}

TEST(RuntimeTest, ASecondLiveOneThrowsAndAnotherMayFollow) {
  {
    Runtime first(options());
    EXPECT_THROW(Runtime{options()}, RuntimeError);
    EXPECT_EQ(first.run([] { return 1; }), 1) << "the first one is unharmed";
  }
  Runtime second(options());
  EXPECT_EQ(second.run([] { return 2; }), 2);
}

TEST(RuntimeTest, RunReturnsWhatItsFunctionReturns) {
  Runtime runtime(options());
  EXPECT_EQ(*runtime.run([] { return std::make_unique<int>(42); }), 42);
}

TEST(RuntimeTest, RunRethrowsWhatItsFunctionThrows) {
  Runtime runtime(options());
  EXPECT_THROW(runtime.run([] { throw std::logic_error("main"); }), std::logic_error);
  EXPECT_THROW(runtime.run([]() -> int { throw 7; }), int);
  EXPECT_EQ(runtime.run([] { return 3; }), 3);
}

TEST(RuntimeTest, RunEndsWhatItsMainLeftBehind) {
  Runtime runtime(options());
  std::atomic<int> unwound{0};
  runtime.run([&unwound] {
    for (int i = 0; i < 10; ++i) {
      go([&unwound] {
        struct Count {
          std::atomic<int>* counter;
          ~Count() { ++*counter; }
        } count{&unwound};
        sleep(absl::InfiniteDuration());
      });
    }
    while (runtime_stats().goroutines_waiting < 10) yield();
  });
  EXPECT_EQ(unwound.load(), 10);
  EXPECT_EQ(num_goroutines(), 0u);
}

TEST(RuntimeTest, CallsOutsideARuntimeThrow) {
  EXPECT_THROW(max_procs(), RuntimeError);
  EXPECT_THROW(runtime_stats(), RuntimeError);
  EXPECT_THROW(go([] {}), RuntimeError);
  EXPECT_THROW(yield(), RuntimeError);
  EXPECT_THROW(sleep(absl::Seconds(1)), RuntimeError);
  EXPECT_EQ(num_goroutines(), 0u);
  EXPECT_EQ(goroutine_id(), 0u);
}

TEST(RuntimeTest, ARuntimeInsideAGoroutineThrows) {
  Runtime runtime(options());
  runtime.run([&runtime] {
    EXPECT_THROW(Runtime{options()}, RuntimeError);
    EXPECT_THROW(runtime.run([] {}), RuntimeError);
  });
}

TEST(RuntimeTest, ADeadlockListsTheGoroutinesAndWhatTheyWaitFor) {
  Runtime runtime(options());
  const std::string text = deadlock_of(runtime, [] {
    go([] {
      set_goroutine_name("sender");
      make_chan<int>().send(1);
    });
    go([] {
      Mutex mutex;
      mutex.lock();
      mutex.lock();
    });
    make_chan<int>().recv();
  });
  EXPECT_NE(text.find("deadlock"), std::string::npos) << text;
  EXPECT_NE(text.find(" sender [chan send"), std::string::npos) << text;
  EXPECT_NE(text.find("[mutex"), std::string::npos) << text;
  EXPECT_NE(text.find("[chan receive"), std::string::npos) << text;
}

TEST(RuntimeTest, CanBeUsedAgainAfterADeadlock) {
  Runtime runtime(options());
  for (int round = 0; round < 20; ++round) {
    EXPECT_NE(deadlock_of(runtime, [] { sleep(absl::InfiniteDuration()); }), "no deadlock");
    EXPECT_EQ(num_goroutines(), 0u);
    ASSERT_EQ(runtime.run([] { return spawn([] { return 5; }).join(); }), 5);
  }
}

TEST(RuntimeTest, ADeadlockUnwindsItsGoroutinesFirst) {
  Runtime runtime(options());
  bool unwound = false;
  const std::string text = deadlock_of(runtime, [&unwound] {
    struct Note {
      bool* flag;
      ~Note() { *flag = true; }
    } note{&unwound};
    Chan<int>{}.recv();
  });
  EXPECT_NE(text, "no deadlock");
  EXPECT_TRUE(unwound);
}

TEST(RuntimeTest, ATimerABlockedThreadAndAPosterAreNoDeadlock) {
  Runtime runtime(options());
  EXPECT_EQ(runtime.run([] {
    sleep(absl::Milliseconds(20));
    auto c = make_chan<int>();
    go([c] {
      blocking([] { std::this_thread::sleep_for(std::chrono::milliseconds(20)); });
      c.send(8);
    });
    return *c.recv();
  }),
            8);
}

TEST(RuntimeTest, TheEndOfTheLastPosterShowsADeadlock) {
  Runtime runtime(options());
  std::optional<Poster> poster(runtime.poster());
  std::thread foreign([&poster] {
    while (runtime_stats().goroutines_waiting == 0) std::this_thread::yield();
    poster.reset();
  });
  EXPECT_NE(deadlock_of(runtime, [] { Chan<int>{}.recv(); }), "no deadlock");
  foreign.join();
}

TEST(RuntimeTest, GoexitInMainWaitsForTheOthersAndThrows) {
  Runtime runtime(options());
  std::atomic<bool> has_ended{false};
  const std::string text = deadlock_of(runtime, [&has_ended] {
    go([&has_ended] {
      sleep(absl::Milliseconds(10));
      has_ended = true;
    });
    goexit();
  });
  EXPECT_EQ(text, "no goroutines (main called goexit)");
  EXPECT_TRUE(has_ended.load());
}

// A fixed bug: nobody told run() of the end while a machine slept until a timer of the distant future.
TEST(RuntimeTest, GoexitInMainDoesNotWaitForATimerNobodyAwaits) {
  Runtime runtime(options());
  for (int round = 0; round < 20; ++round) {
    ASSERT_EQ(deadlock_of(runtime,
                          [] {
                            after(absl::Hours(24));
                            go([] { sleep(absl::Microseconds(200)); });
                            goexit();
                          }),
              "no goroutines (main called goexit)");
  }
}

TEST(RuntimeTest, GoexitInMainAloneThrows) {
  Runtime runtime(options());
  for (int round = 0; round < 50; ++round) {
    ASSERT_EQ(deadlock_of(runtime, [] { goexit(); }), "no goroutines (main called goexit)");
  }
}

TEST(RuntimeTest, PostStartsGoroutinesFromForeignThreads) {
  Runtime runtime(options());
  const Poster poster = runtime.poster();
  auto sums = make_chan<int>(64);
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        if (t == 0) {
          runtime.post([sums] { sums.send(1); });
        } else {
          poster.post([sums] { sums.send(1); });
        }
      }
    });
  }
  const int total = runtime.run([sums] {
    int sum = 0;
    for (int i = 0; i < 600; ++i) sum += *sums.recv();
    return sum;
  });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(total, 600);
}

TEST(RuntimeTest, TheEndOfTheRuntimeUnwindsWhatWasPosted) {
  std::atomic<int> unwound{0};
  {
    Runtime runtime(options());
    for (int i = 0; i < 20; ++i) {
      runtime.post([&unwound] {
        struct Count {
          std::atomic<int>* counter;
          ~Count() { ++*counter; }
        } count{&unwound};
        sleep(absl::Hours(1));
      });
    }
  }
  EXPECT_EQ(unwound.load(), 20);
}

TEST(RuntimeTest, AnUncaughtExceptionIsReportedAfterUnwindingAndTheProcessLives) {
  RuntimeOptions chosen = options();
  std::atomic<int> reported{0};
  std::atomic<bool> unwound{false};
  std::atomic<bool> was_unwound_before{false};
  std::atomic<std::uint64_t> id{0};
  chosen.uncaught = UncaughtPolicy::kReport;
  chosen.on_uncaught = [&](std::uint64_t goroutine, std::exception_ptr error) {
    id = goroutine;
    was_unwound_before = unwound.load();
    try {
      std::rethrow_exception(error);
    } catch (const std::runtime_error& e) {
      if (std::string(e.what()) == "nobody joins me") ++reported;
    }
  };
  Runtime runtime(std::move(chosen));
  const std::uint64_t expected = runtime.run([&] {
    auto ids = make_chan<std::uint64_t>(1);
    go([&, ids] {
      struct Note {
        std::atomic<bool>* flag;
        ~Note() { *flag = true; }
      } note{&unwound};
      ids.send(goroutine_id());
      throw std::runtime_error("nobody joins me");
    });
    while (reported.load() == 0) yield();
    return *ids.recv();
  });
  EXPECT_EQ(reported.load(), 1);
  EXPECT_TRUE(was_unwound_before.load());
  EXPECT_EQ(id.load(), expected);
}

TEST(RuntimeTest, AnExceptionOfADroppedHandleIsNotUncaught) {
  RuntimeOptions chosen = options();
  std::atomic<int> reported{0};
  chosen.uncaught = UncaughtPolicy::kReport;
  chosen.on_uncaught = [&](std::uint64_t, std::exception_ptr) { ++reported; };
  Runtime runtime(std::move(chosen));
  runtime.run([] {
    auto done = spawn([]() -> int { throw std::runtime_error("discarded"); }).done();
    done.recv();
    go([] { throw Cancelled{}; });
    go([] { goexit(); });
    while (num_goroutines() > 1) yield();
  });
  EXPECT_EQ(reported.load(), 0);
}

TEST(RuntimeTest, TooManyGoroutinesAreRefusedByNameAndAllIsWellAfterwards) {
  RuntimeOptions chosen = options();
  chosen.max_goroutines = 1024;
  Runtime runtime(std::move(chosen));
  for (int round = 0; round < 2; ++round) {
    runtime.run([] {
      auto gate = make_chan<Unit>();
      std::string text;
      int started = 0;
      try {
        for (;; ++started) go([gate] { gate.recv(); });
      } catch (const RuntimeError& e) {
        text = e.what();
      }
      EXPECT_NE(text.find("too many goroutines: the limit is 1024"), std::string::npos) << text;
      EXPECT_EQ(started, 1023);
      gate.close();
      while (num_goroutines() > 1) yield();
      EXPECT_EQ(spawn([] { return 1; }).join(), 1);
    });
    EXPECT_EQ(num_goroutines(), 0u);
  }
}

// A fixed bug: the scope of a refused goroutine was waited for by the one around it, for ever.
TEST(RuntimeTest, ARefusedSpawnIsNotWaitedFor) {
  RuntimeOptions chosen = options();
  chosen.max_goroutines = 1024;
  Runtime runtime(std::move(chosen));
  runtime.run([] {
    auto gate = make_chan<Unit>();
    Scope scope;
    EXPECT_THROW(for (;;) scope.go([gate] { gate.recv(); }), RuntimeError);
    EXPECT_THROW(spawn([] {}), RuntimeError);
    gate.close();
    EXPECT_TRUE(scope.wait().ok());
  });
  EXPECT_EQ(num_goroutines(), 0u);
}

// A fixed bug: stacks that other processors kept for themselves were missing, and the process ended.
TEST(RuntimeTest, AtTheLimitEveryGoroutineHasAStackHoweverManyProcessorsKeepSome) {
  RuntimeOptions chosen = options(16);
  chosen.max_goroutines = 1024;
  Runtime runtime(std::move(chosen));
  runtime.run([] {
    for (int round = 0; round < 5; ++round) {
      auto gate = make_chan<Unit>();
      std::atomic<int> arrived{0};
      Scope scope;
      int started = 0;
      for (; started < 1000; ++started) {
        scope.go([gate, &arrived] {
          ++arrived;
          gate.recv();
        });
      }
      while (arrived != started) yield();
      gate.close();
      EXPECT_TRUE(scope.wait().ok());
    }
  });
}

TEST(RuntimeTest, ProcessorsAreThoseOfTheOptions) {
  for (const int procs : {1, 3, 64}) {
    Runtime runtime(options(procs));
    EXPECT_EQ(max_procs(), procs);
    EXPECT_EQ(runtime_stats().run_queue_length.size(), static_cast<std::size_t>(procs));
  }
}

TEST(RuntimeTest, ProcessorsWithoutAnOptionAreThoseOfTheEnvironment) {
  setenv("NOVELO_MAXPROCS", "5", 1);
  {
    Runtime runtime(options(0));
    EXPECT_EQ(max_procs(), 5);
  }
  unsetenv("NOVELO_MAXPROCS");
}

TEST(RuntimeTest, OptionsOutOfRangeAreRefusedByName) {
  RuntimeOptions procs = options(5000);
  EXPECT_THROW(Runtime(std::move(procs)), RuntimeError);
  RuntimeOptions threads = options();
  threads.max_threads = 1;
  try {
    Runtime runtime(std::move(threads));
    FAIL() << "one thread is too few";
  } catch (const RuntimeError& e) {
    EXPECT_NE(std::string(e.what()).find("max_threads is 1"), std::string::npos) << e.what();
  }
  EXPECT_EQ(run([] { return 9; }), 9) << "a refused Runtime leaves the place free";
}

}  // namespace
}  // namespace novelo
