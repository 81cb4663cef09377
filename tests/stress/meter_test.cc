// Trees of goroutines that move between processors, under meters at random places.
#include "novelo/meter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <random>
#include <vector>

#include "novelo/novelo.h"
#include "support/seed.h"

namespace novelo {
namespace {

struct Expected {
  std::atomic<std::uint64_t> parks{0};
  std::atomic<std::uint64_t> goroutines{0};
};

struct Metered {
  Meter meter;
  Expected expected;
};

// What every goroutine of the tree does: its only waits are sleeps, which it counts beforehand for all meters around
// it.
void grow(std::uint64_t seed, int depth, std::vector<Metered*> around, std::array<Metered, 3>& meters) {
  std::mt19937_64 random(seed);
  for (int step = 0; step < 6; ++step) {
    switch (random() % 4) {
      case 0:
        for (Metered* one : around) ++one->expected.parks;
        sleep(absl::Microseconds(1 + random() % 50));
        break;
      case 1:
        yield();
        break;
      case 2:
        if (depth == 0) break;
        for (Metered* one : around) ++one->expected.goroutines;
        go([=, &meters, child = random()] { grow(child, depth - 1, around, meters); });
        break;
      default: {
        if (depth == 0) break;
        Metered& own = meters[random() % meters.size()];
        auto within = around;
        if (std::find(within.begin(), within.end(), &own) == within.end()) within.push_back(&own);
        own.meter.run([&] { grow(random(), depth - 1, within, meters); });
      }
    }
  }
}

// Property: parks and goroutines are charged once to each meter around, whatever the goroutine runs on, and are all
//           there when the tree has ended.
// Method:   each goroutine counts what it is about to do for the meters it knows to be around it.
TEST(MeterStress, EverythingIsChargedOnceToEachMeterAround) {
  std::mt19937_64 random(testing::seed());
  RuntimeOptions options;
  options.max_procs = 3;
  options.max_goroutines = 20'000;
  Runtime runtime(std::move(options));
  const testing::For running(std::chrono::milliseconds(600));
  std::uint64_t rounds = 0;
  for (; running && !HasFailure(); ++rounds) {
    std::array<Metered, 3> meters;
    runtime.run([&] {
      grow(random(), 5, {}, meters);
      while (num_goroutines() > 1) yield();
      for (Metered& one : meters) {
        EXPECT_EQ(one.meter.usage().parks, one.expected.parks) << "round " << rounds;
        EXPECT_EQ(one.meter.usage().goroutines, one.expected.goroutines) << "round " << rounds;
      }
    });
  }
  EXPECT_GT(rounds, 0u);
}

}  // namespace
}  // namespace novelo
