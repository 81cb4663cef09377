// Goroutines that change their class all the time while they wake each other.
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <vector>

#include "novelo/novelo.h"
#include "support/seed.h"

namespace novelo {
namespace {

Priority any_priority(std::mt19937_64& random) {
  return static_cast<Priority>(random() % 3);
}

// Property: every message arrives once and everybody ends, whatever the classes.
// Method:   rings of goroutines hand messages on; each changes its class at random between any two calls.
TEST(PriorityStress, NothingIsLostWhileClassesChange) {
  std::mt19937_64 random(testing::seed());
  for (const int procs : {1, 2, 4}) {
    RuntimeOptions options;
    options.max_procs = procs;
    options.max_goroutines = 20'000;
    Runtime runtime(std::move(options));
    const testing::For running(std::chrono::milliseconds(500));
    for (int round = 0; running; ++round) {
      runtime.run([&] {
        constexpr int kStations = 8;
        constexpr int kMessages = 40;
        std::vector<Chan<int>> ring;
        for (int i = 0; i < kStations; ++i) ring.push_back(make_chan<int>(static_cast<std::int64_t>(random() % 3)));
        std::atomic<int> passed{0};
        WaitGroup group;
        for (int i = 0; i < kStations; ++i) {
          group.go([&, i, seed = random()] {
            std::mt19937_64 own(seed);
            for (int message = 0; message < kMessages; ++message) {
              set_priority(any_priority(own));
              const int got = i == 0 ? message : ring[static_cast<std::size_t>(i)].recv().value();
              EXPECT_EQ(got, message);
              ++passed;
              if (own() % 4 == 0) yield();
              if (own() % 8 == 0) sleep(absl::Microseconds(own() % 50));
              if (own() % 8 == 0) blocking([] {});
              if (i + 1 < kStations) ring[static_cast<std::size_t>(i) + 1].send(got);
            }
          });
        }
        group.wait();
        ASSERT_EQ(passed, kStations * kMessages) << "round " << round << " with " << procs << " processors";
      });
    }
  }
}

}  // namespace
}  // namespace novelo
