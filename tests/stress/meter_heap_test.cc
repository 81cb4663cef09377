// Goroutines that fill limited meters with collected objects, on several processors, while cycles come and go.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <random>
#include <utility>

#include "novelo/gc.h"
#include "novelo/meter.h"
#include "novelo/novelo.h"
#include "support/seed.h"

namespace novelo {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

struct Cell {
  gc::Ptr<Cell> next;
  std::array<char, 120> rest;
};

// A list of random length, some large objects beside it; a part is dropped on the way.
void fill(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  gc::Ptr<Cell> list;
  for (std::uint64_t left = random() % 20'000; left > 0; --left) {
    auto cell = gc::make<Cell>();
    cell->next = std::exchange(list, cell);
    if (random() % 4000 == 0) list = nullptr;
    if (random() % 2000 == 0) static_cast<void>(gc::make_array<char>(random() % (kMiB / 4)));
    if (random() % 1000 == 0) yield();
  }
}

// Property: whoever a limit refuses is refused alone and can go on; the limit is not passed by more than what its
//           goroutines take at once; when all is dead, nothing is held.
// Method:   goroutines of three meters with limits that some of them meet, and of none.
TEST(MeterHeapStress, LimitsHoldAndNothingIsHeldAtTheEnd) {
  std::mt19937_64 random(testing::seed());
  RuntimeOptions options;
  options.max_procs = 3;
  options.max_goroutines = 2000;
  Runtime runtime(std::move(options));
  const testing::For running(std::chrono::milliseconds(600));
  std::atomic<int> refused{0};
  std::atomic<int> filled{0};
  while (running && !HasFailure()) {
    runtime.run([&] {
      std::array<Meter, 3> meters;
      for (std::size_t i = 0; i < meters.size(); ++i) meters[i].limit_heap((2 + 4 * i) * kMiB);
      Scope scope;
      for (int i = 0; i < 24; ++i) {
        scope.go([&meters, &refused, &filled, i, seed = random()] {
          const auto body = [&refused, &filled, seed] {
            try {
              fill(seed);
              ++filled;
            } catch (const HeapLimitExceeded&) {
              ++refused;
            }
          };
          if (i % 4 == 3) {
            fill(seed);
          } else {
            Meter& meter = meters[static_cast<std::size_t>(i % 4)];
            meter.run(body);
            EXPECT_LE(meter.usage().heap_bytes, (2 + 4 * static_cast<std::uint64_t>(i % 4)) * kMiB + kMiB);
          }
        });
      }
      EXPECT_TRUE(scope.wait().ok());
      for (const Meter& meter : meters) {
        do {
          gc::collect();
        } while (meter.usage().heap_bytes > 0);
      }
    });
  }
  EXPECT_GT(refused, 0);
  EXPECT_GT(filled, 0);
}

}  // namespace
}  // namespace novelo
