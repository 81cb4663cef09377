// The handshake between a frequent and a rare side, with a barrier that is free on the frequent one.
#include "os/barrier.h"

#include <gtest/gtest.h>

#include <thread>

namespace novelo::rt {
namespace {

// Property: of "store mine, fence, load yours" on both sides, at least one sees the other's store.
// Method:   each round both sides store the round's number and read the other's; both reading an older number would be
//           what the barriers forbid. The rounds are started together by a counter.
TEST(Barrier, OneOfTheTwoSidesAlwaysSeesTheOther) {
  constexpr int kRounds = 20'000;
  barrier_init();
  Atomic<int> light{0};
  Atomic<int> heavy{0};
  Atomic<int> light_saw{0};
  Atomic<int> heavy_saw{0};
  Atomic<int> arrived{0};
  const auto meet = [&arrived](int meeting) {
    arrived.fetch_add(1, acq_rel);
    while (arrived.load(acquire) < 2 * meeting) std::this_thread::yield();
  };
  int missed_by_both = 0;
  std::thread frequent([&] {
    for (int round = 1; round <= kRounds; ++round) {
      meet(2 * round - 1);
      light.store(round, relaxed);
      light_barrier();
      light_saw.store(heavy.load(relaxed), relaxed);
      meet(2 * round);
    }
  });
  for (int round = 1; round <= kRounds; ++round) {
    meet(2 * round - 1);
    heavy.store(round, relaxed);
    heavy_barrier();
    heavy_saw.store(light.load(relaxed), relaxed);
    meet(2 * round);
    if (light_saw.load(relaxed) < round && heavy_saw.load(relaxed) < round) ++missed_by_both;
  }
  frequent.join();
  EXPECT_EQ(missed_by_both, 0);
}

TEST(Barrier, InitMayBeCalledAgain) {
  barrier_init();
  const bool is_free = g_light_barrier_is_free;
  barrier_init();
  EXPECT_EQ(g_light_barrier_is_free, is_free);
}

}  // namespace
}  // namespace novelo::rt
