// The seeded generator under stealing and select.
#include "base/random.h"

#include <gtest/gtest.h>

#include <array>

namespace novelo::rt {
namespace {

TEST(Random, TheSameSeedGivesTheSameNumbers) {
  Random a(42);
  Random b(42);
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(a.next(), b.next());
}

TEST(Random, NeighbouringSeedsGiveDifferentNumbers) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Random a(seed);
    Random b(seed + 2);  // the lowest bit of the state is always set
    int equal = 0;
    for (int i = 0; i < 100; ++i) equal += a.next() == b.next() ? 1 : 0;
    ASSERT_LT(equal, 3) << "seed " << seed;
  }
}

TEST(Random, ASeedOfZeroDoesNotStandStill) {
  Random random(0);
  EXPECT_NE(random.next(), random.next());
}

TEST(Random, BelowStaysBelowItsBound) {
  Random random(7);
  for (const std::uint32_t bound : {1u, 2u, 3u, 10u, 1000u, 0xFFFFFFFFu}) {
    for (int i = 0; i < 1000; ++i) ASSERT_LT(random.below(bound), bound);
  }
}

TEST(Random, BelowIsAboutUniform) {
  constexpr int kDraws = 60'000;
  std::array<int, 6> drawn{};
  Random random(1);
  for (int i = 0; i < kDraws; ++i) ++drawn[random.below(6)];
  for (const int times : drawn) {
    EXPECT_GT(times, kDraws / 6 * 9 / 10);
    EXPECT_LT(times, kDraws / 6 * 11 / 10);
  }
}

}  // namespace
}  // namespace novelo::rt
