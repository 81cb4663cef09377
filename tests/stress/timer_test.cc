// Timers of all kinds made, reset, stopped, dropped and fired by several goroutines at random times.
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <random>
#include <vector>

#include "novelo/novelo.h"
#include "support/seed.h"

namespace novelo {
namespace {

// Property: a call of f for each time a timer was due and not prevented; no value after a stop; nothing left armed, and
//           nothing left of what the functions held.
// Method:   each goroutine owns a timer with a function and one with a channel, and counts what their calls return.
TEST(TimerStress, EveryTimerIsEitherPreventedOrFires) {
  std::mt19937_64 random(testing::seed());
  RuntimeOptions options;
  options.max_procs = 3;
  options.max_goroutines = 20'000;
  Runtime runtime(std::move(options));
  auto held = std::make_shared<int>(0);
  const testing::For running(std::chrono::milliseconds(800));
  std::uint64_t rounds = 0;
  for (; running; ++rounds) {
    runtime.run([&] {
      std::atomic<std::int64_t> due{0};
      std::atomic<std::int64_t> fired{0};
      std::atomic<int> stale{0};
      WaitGroup group;
      for (int i = 0; i < 8; ++i) {
        group.go([&, seed = random()] {
          std::mt19937_64 own(seed);
          const auto soon = [&own] { return absl::Microseconds(own() % 60); };
          ++due;
          const Timer calls = after_func(soon(), [&fired, held] { ++fired; });
          const Timer sends(soon());
          for (int step = 0; step < 40; ++step) {
            switch (own() % 6) {
              case 0:
                if (calls.stop()) --due;
                break;
              case 1:
                if (!calls.reset(soon())) ++due;
                break;
              case 2: {
                static_cast<void>(sends.stop());
                std::optional<absl::Time> value;
                if (sends.chan().try_recv(value) != RecvResult::kEmpty) ++stale;
                break;
              }
              case 3:
                static_cast<void>(sends.reset(soon()));
                break;
              case 4:
                static_cast<void>(select(on_recv(sends.chan()), on_recv(after(soon()))));
                break;
              default:
                yield();
            }
          }
          if (calls.stop()) --due;
        });
      }
      group.wait();
      while (num_goroutines() > 1) yield();
      ASSERT_EQ(fired.load(), due.load()) << "round " << rounds;
      ASSERT_EQ(stale.load(), 0);
      ASSERT_EQ(runtime_stats().timers, 0u);
      ASSERT_EQ(held.use_count(), 1);
    });
    if (HasFailure()) break;
  }
  EXPECT_GT(rounds, 0u);
}

}  // namespace
}  // namespace novelo
