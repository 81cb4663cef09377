// Random trees of contexts, cancelled, timed out and dropped by several goroutines.
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <vector>

#include "novelo/novelo.h"
#include "support/seed.h"

namespace novelo {
namespace {

// Property: when cancel() has returned, everything below is cancelled; a function is called once or was stopped; no
//           timer and no function is left at the end.
// Method:   each goroutine grows the shared tree at random places and cuts it at others.
TEST(ContextStress, WhatIsBelowACancelledContextIsCancelled) {
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
      auto [top, cancel_top] = with_cancel(Context::background());
      std::atomic<int> calls{0};
      std::atomic<int> expected{0};
      std::atomic<int> wrong{0};
      WaitGroup group;
      for (int i = 0; i < 6; ++i) {
        group.go([&, top, seed = random()] {
          std::mt19937_64 own(seed);
          std::vector<WithCancel> mine{{top, {}}};
          std::vector<StopFunc> stops;
          for (int step = 0; step < 40; ++step) {
            const WithCancel& one = mine[own() % mine.size()];
            switch (own() % 6) {
              case 0:
              case 1:
                mine.push_back(with_cancel(one.ctx));
                break;
              case 2:
                mine.push_back(with_timeout(one.ctx, absl::Microseconds(own() % 200)));
                break;
              case 3: {
                const Context below = with_cancel(with_cancel(one.ctx).ctx).ctx;
                one.cancel();
                if (&one != mine.data() && below.err().ok()) ++wrong;
                break;
              }
              case 4:
                ++expected;
                stops.push_back(after_func(one.ctx, [&calls, held] { ++calls; }));
                break;
              default:
                if (!stops.empty() && stops[own() % stops.size()]()) --expected;
                if (own() % 4 == 0) yield();
            }
          }
          // Those whose context is not cancelled any more before it goes.
          for (const StopFunc& stop : stops) {
            if (stop()) --expected;
          }
        });
      }
      group.wait();
      cancel_top();
      // A deadline cancels, in a goroutine of the runtime's own, and a function starts, a moment later: what is never
      // called or dropped shows by the time limit.
      while (calls.load() != expected.load() || runtime_stats().timers != 0 || num_goroutines() > 1 ||
             held.use_count() > 1) {
        yield();
      }
      ASSERT_EQ(calls.load(), expected.load()) << "round " << rounds;
      ASSERT_EQ(wrong.load(), 0);
      ASSERT_EQ(runtime_stats().timers, 0u);
    });
    if (HasFailure()) break;
  }
  EXPECT_GT(rounds, 0u);
}

}  // namespace
}  // namespace novelo
