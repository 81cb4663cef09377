// Stacks that grow, that overflow, and that are left for another.
#include "novelo/stack.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstring>
#include <mutex>
#include <numeric>
#include <shared_mutex>
#include <string>
#include <thread>
#include <vector>

#include "support/runtime_fixture.h"

namespace novelo {
namespace {

constexpr std::size_t kKiB = 1024;
constexpr std::size_t kMiB = 1024 * kKiB;

// Uses at least `bytes` of stack and says whether all it wrote there was still there on the way back.
[[gnu::noinline]] bool use(std::size_t bytes) {  // NOLINT(misc-no-recursion)
  std::array<volatile unsigned char, 1024> frame;
  frame[0] = static_cast<unsigned char>(bytes >> 10);
  frame[1023] = 42;
  const bool deeper = bytes <= frame.size() || use(bytes - frame.size());
  return deeper && frame[0] == static_cast<unsigned char>(bytes >> 10) && frame[1023] == 42;
}

// Counts what is built and destroyed on the stack.
struct Counted {
  explicit Counted(int& n) : count(n) { ++count; }
  ~Counted() { --count; }
  int& count;
};

// As good as without end: each level has something to destroy, and calls the runtime.
[[gnu::noinline, maybe_unused]] int descend(int& alive,
                                            const std::function<void()>& call) {  // NOLINT(misc-no-recursion)
  const Counted one(alive);
  volatile unsigned char frame[256];
  frame[0] = 1;
  call();
  return alive < 0 ? 0 : descend(alive, call) + frame[0];
}

class StackTest : public ::testing::TestWithParam<int> {
 protected:
  // As RuntimeTest, with small limits: overflows are to be quick.
  void run(const std::function<void()>& body, std::size_t max_stack_bytes = kMiB) {
    RuntimeOptions options;
    options.max_procs = GetParam();
    options.max_goroutines = 20'000;
    options.max_stack_bytes = max_stack_bytes;
    options.uncaught = UncaughtPolicy::kReport;
    options.on_uncaught = [this](std::uint64_t, const std::exception_ptr& error) {
      uncaught_text_ = describe_exception(error);
      ++uncaught_;
    };
    Runtime runtime(std::move(options));
    runtime.run(body);
    EXPECT_EQ(num_goroutines(), 0u);
  }

  std::atomic<int> uncaught_{0};
  std::string uncaught_text_;
};

TEST_P(StackTest, TheFirstOfAFunctionMayGoSeveralMegabytesDeep) {
  run(
      [] {
        auto handle = spawn([] { return use(6 * kMiB); });
        EXPECT_TRUE(handle.join());
      },
      64 * kMiB);
}

TEST_P(StackTest, ThoseKnownToBeDeepAreAllDeep) {
  run(
      [] {
        const auto deep = [](bool parks) {
          const bool was_whole = use(3 * kMiB);
          if (parks) sleep(absl::Microseconds(10));
          return was_whole;
        };
        // More than are measured, and all the same each finds room.
        for (int round = 0; round < 3; ++round) {
          std::vector<JoinHandle<bool>> handles;
          for (int i = 0; i < 40; ++i) handles.push_back(spawn([deep] { return deep(true); }));
          for (auto& handle : handles) EXPECT_TRUE(handle.join());
        }
      },
      64 * kMiB);
}

#if !defined(__SANITIZE_THREAD__)
// ThreadSanitizer runs on the goroutine's stack as well: a fault may find it inside a lock of its own, which the
// handler then waits for.
TEST_P(StackTest, AStackGrowsToTheLimit) {
  run(
      [] {
        const std::uint64_t grown = runtime_stats().stack_grown_total;
        EXPECT_TRUE(spawn([] { return use(50 * kMiB); }).join());
        EXPECT_GT(runtime_stats().stack_grown_total, grown);
      },
      64 * kMiB);
}

TEST_P(StackTest, WhatAGrownStackTookIsGivenBack) {
  run(
      [] {
        const auto deep = [] { return use(40 * kMiB); };
        const std::uint64_t before = runtime_stats().stack_released_bytes_total;
        for (int i = 0; i < 5; ++i) EXPECT_TRUE(spawn(deep).join());
        testing::yield_until([before] { return runtime_stats().stack_released_bytes_total >= before + 5 * 30 * kMiB; });
        const std::uint64_t in_use = runtime_stats().stack_in_use_bytes;
        EXPECT_LT(in_use, 5 * 40 * kMiB);
      },
      64 * kMiB);
}

TEST_P(StackTest, OverflowIsThrownAtTheNextCallAndDestructorsRun) {
  run([this] {
    int alive = 0;
    std::string text;
    auto handle = spawn([&] {
      set_goroutine_name("deep diver");
      descend(alive, [] { yield(); });
    });
    try {
      handle.join();
      ADD_FAILURE() << "it came back";
    } catch (const StackOverflow& overflow) {
      text = overflow.what();
    }
    EXPECT_EQ(alive, 0);
    EXPECT_NE(text.find("(deep diver) used up its stack of "), std::string::npos) << text;
    EXPECT_EQ(uncaught_, 0);
    EXPECT_EQ(runtime_stats().stack_overflows_total, 1u);
  });
}

TEST_P(StackTest, OverflowThatNobodyCatchesIsToldAsAnyException) {
  run([this] {
    int alive = 0;
    go([&] { descend(alive, [] { yield(); }); });
    testing::yield_until([this] { return uncaught_ == 1; });
    EXPECT_EQ(alive, 0);
    EXPECT_NE(uncaught_text_.find("stack overflow: goroutine"), std::string::npos) << uncaught_text_;
    testing::yield_until([] { return num_goroutines() == 1; });
  });
}

TEST_P(StackTest, AnyCallThatMayThrowTellsOfTheOverflow) {
  run([] {
    auto buffered = make_chan<int>(1);
    auto full = make_chan<int>(1);
    full.send(1);
    Mutex mutex;
    RWMutex rw_mutex;
    Semaphore semaphore(1 << 30);
    WaitGroup group;
    std::optional<int> got;
    int one = 1;
    const std::vector<std::pair<const char*, std::function<void()>>> calls = {
        {"yield", [] { yield(); }},
        {"sleep", [] { sleep(absl::ZeroDuration()); }},
        {"go", [] { go([] {}); }},
        {"spawn", [] { spawn([] {}).join(); }},
        {"send and recv", [&] { buffered.send(1), buffered.recv(); }},
        {"try_send", [&] { static_cast<void>(full.try_send(one)); }},
        {"try_recv", [&] { static_cast<void>(buffered.try_recv(got)); }},
        {"select", [&] { select(on_recv(buffered), otherwise([] {})); }},
        {"lock", [&] { mutex.lock(), mutex.unlock(); }},
        {"lock_shared", [&] { rw_mutex.lock_shared(), rw_mutex.unlock_shared(); }},
        {"acquire", [&] { semaphore.acquire(), semaphore.release(); }},
        {"WaitGroup::wait", [&] { group.wait(); }},
        {"Scope", [] { Scope().go([] {}); }},
        {"blocking", [] { blocking([] {}); }},
        {"grow_stack", [] { grow_stack(16, [] {}); }},
    };
    for (const auto& [name, call] : calls) {
      int alive = 0;
      auto handle = spawn([&] { descend(alive, call); });
      EXPECT_THROW(handle.join(), StackOverflow) << name;
      EXPECT_EQ(alive, 0) << name;
      EXPECT_TRUE(mutex.try_lock()) << name;
      mutex.unlock();
    }
  });
}

// The goroutine catches it, and goes on as if nothing had been.
TEST_P(StackTest, AfterAnOverflowWasCaughtTheGoroutineGoesOn) {
  run([] {
    spawn([] {
      for (int round = 0; round < 3; ++round) {
        int alive = 0;
        EXPECT_THROW(descend(alive, [] { yield(); }), StackOverflow);
        EXPECT_EQ(alive, 0);
        for (int i = 0; i < 3; ++i) yield();
      }
      EXPECT_TRUE(use(100 * kKiB));
    }).join();
    EXPECT_EQ(runtime_stats().stack_overflows_total, 3u);
  });
}

TEST_P(StackTest, NothingIsThrownWhileTheStackUnwinds) {
  run([] {
    struct CallsWhenDestroyed {
      std::atomic<int>& calls;
      ~CallsWhenDestroyed() {
        yield();
        ++calls;
      }
    };
    std::atomic<int> calls{0};
    int alive = 0;
    auto handle = spawn([&] {
      const std::function<void()> call = [] { yield(); };
      const auto level = [&](const auto& self) -> int {  // NOLINT(misc-no-recursion)
        const CallsWhenDestroyed caller{calls};
        const Counted one(alive);
        volatile unsigned char frame[512];
        frame[0] = 1;
        call();
        return alive < 0 ? 0 : self(self) + frame[0];
      };
      level(level);
    });
    EXPECT_THROW(handle.join(), StackOverflow);
    EXPECT_EQ(alive, 0);
    EXPECT_GT(calls, 100);
  });
}

TEST_P(StackTest, ALockThatWasHeldIsFreeAfterwards) {
  run([] {
    Mutex mutex;
    RWMutex rw_mutex;
    int alive = 0;
    auto handle = spawn([&] {
      const std::lock_guard outer(mutex);
      const std::shared_lock shared(rw_mutex);
      descend(alive, [] { yield(); });
    });
    EXPECT_THROW(handle.join(), StackOverflow);
    EXPECT_TRUE(mutex.try_lock());
    EXPECT_TRUE(rw_mutex.try_lock());
    mutex.unlock();
    rw_mutex.unlock();
  });
}

TEST_P(StackTest, AWaiterThatOverflowsLeavesNoTraceInTheQueue) {
  run([] {
    auto channel = make_chan<int>();
    for (int i = 0; i < 5; ++i) {
      int alive = 0;
      auto handle =
          spawn([&] { descend(alive, [channel] { select(on_recv(channel), on_recv(after(absl::Nanoseconds(1)))); }); });
      EXPECT_THROW(handle.join(), StackOverflow);
    }
    int one = 1;
    EXPECT_FALSE(channel.try_send(one)) << "nobody waits";
  });
}

TEST_P(StackTest, OthersDoNotNoticeAnOverflow) {
  run([] {
    std::atomic<bool> done{false};
    std::atomic<std::uint64_t> turns{0};
    std::vector<JoinHandle<bool>> others;
    for (int i = 0; i < 50; ++i) {
      others.push_back(spawn([&] {
        bool was_whole = true;
        while (!done) {
          was_whole = was_whole && use(30 * kKiB);
          ++turns;
          yield();
        }
        return was_whole;
      }));
    }
    for (int i = 0; i < 20; ++i) {
      int alive = 0;
      auto handle = spawn([&] { descend(alive, [] { yield(); }); });
      EXPECT_THROW(handle.join(), StackOverflow);
    }
    done = true;
    for (auto& other : others) EXPECT_TRUE(other.join());
    EXPECT_GT(turns, 50u);
  });
}

#if !defined(__SANITIZE_ADDRESS__)
// Wherever in its frames the stack ends.
TEST_P(StackTest, OverflowIsCaughtAtEveryOffset) {
  run(
      [] {
        for (std::size_t offset = 0; offset < 1024; offset += 16) {
          int alive = 0;
          auto handle = spawn([&] {
            auto* space = static_cast<volatile char*>(__builtin_alloca(offset + 1));
            space[0] = 1;
            descend(alive, [] { yield(); });
          });
          ASSERT_THROW(handle.join(), StackOverflow) << offset;
          ASSERT_EQ(alive, 0) << offset;
        }
      },
      100 * kKiB);
}
#endif
#endif

TEST_P(StackTest, GrowStackCallsAtOnceWhereThereIsRoom) {
  run([] {
    const char here = 0;
    std::ptrdiff_t distance = 0;
    grow_stack(1024, [&] {
      const char there = 0;
      distance = &here - &there;
    });
    EXPECT_LT(std::abs(distance), 4096);
    EXPECT_GT(stack_left(), 1024u);
  });
}

TEST(StackOutside, GrowStackCallsAtOnceOnOtherThreads) {
  EXPECT_EQ(stack_left(), ~std::size_t{0});
  EXPECT_EQ(grow_stack(std::size_t{1} << 40, [] { return 42; }), 42);
}

// Each level asks for more than a stack of the first kind has left.
[[gnu::noinline]] int nest(int levels) {  // NOLINT(misc-no-recursion)
  return grow_stack(200 * kKiB, [levels] {
    volatile char frame[64 * 1024];
    frame[0] = 1;
    if (levels % 8 == 0) yield();
    return levels == 0 ? 0 : nest(levels - 1) + frame[0];
  });
}

TEST_P(StackTest, GrowStackGoesAsDeepAsTheLimit) {
  run([] { EXPECT_EQ(spawn([] { return nest(500); }).join(), 500); }, 256 * kMiB);
}

TEST_P(StackTest, GrowStackBeyondTheLimitThrowsAndUnwinds) {
  run(
      [] {
        auto handle = spawn([] { return nest(100'000); });
        EXPECT_THROW(handle.join(), StackOverflow);
        EXPECT_EQ(spawn([] { return nest(10); }).join(), 10);
      },
      32 * kMiB);
}

TEST_P(StackTest, GrowStackPassesResultsReferencesAndExceptions) {
  run(
      [] {
        spawn([] {
          const std::size_t more = stack_left() + kMiB;
          std::string text = "kept";
          EXPECT_EQ(&grow_stack(more, [&]() -> std::string& { return text; }), &text);
          const auto moved = grow_stack(more, [&] { return std::make_unique<int>(42); });
          EXPECT_EQ(*moved, 42);
          EXPECT_THROW(grow_stack(more, [] { throw std::runtime_error("from another stack"); }), std::runtime_error);
          int alive = 0;
          try {
            grow_stack(more, [&] {
              const Counted one(alive);
              yield();
              throw std::runtime_error("from another stack");
            });
          } catch (const std::runtime_error& error) {
            EXPECT_STREQ(error.what(), "from another stack");
          }
          EXPECT_EQ(alive, 0);
        }).join();
      },
      64 * kMiB);
}

TEST_P(StackTest, OnAnotherStackOneIsCancelledAsAnywhere) {
  run(
      [] {
        auto never = make_chan<int>();
        int alive = 0;
        auto handle = spawn([&] {
          grow_stack(stack_left() + kMiB, [&] {
            const Counted one(alive);
            never.recv();
          });
        });
        testing::yield_until_waiting(1);
        handle.cancel();
        EXPECT_THROW(handle.join(), JoinCancelled);
        EXPECT_EQ(alive, 0);
      },
      64 * kMiB);
}

TEST_P(StackTest, WithStackHasWhatItAsksForFromTheBeginning) {
  run(
      [] {
        auto deep = with_stack<20 * kMiB>([] { return stack_left(); });
        EXPECT_GE(spawn(deep).join(), 19 * kMiB);
        EXPECT_GE(spawn(deep).join(), 19 * kMiB);
      },
      64 * kMiB);
}

[[gnu::noinline]] void wait_deep_down(const RecvChan<int>& gate) {
  gate.recv();
}

[[gnu::noinline]] void leave_stack(const RecvChan<int>& gate) {
  grow_stack(stack_left() + kMiB, [&] { wait_deep_down(gate); });
}

TEST_P(StackTest, ADumpShowsTheCallsOnEveryStackOfAGoroutine) {
  run(
      [] {
        auto gate = make_chan<int>();
        auto handle = spawn([gate] { leave_stack(gate); });
        testing::yield_until_waiting(1);
        const std::string dump = dump_goroutines();
        EXPECT_NE(dump.find("wait_deep_down"), std::string::npos) << dump;
        EXPECT_NE(dump.find("leave_stack"), std::string::npos) << dump;
        gate.close();
        handle.join();
      },
      64 * kMiB);
}

NOVELO_WITH_PROCS(StackTest);

}  // namespace
}  // namespace novelo
