// Which bucket a duration falls into, and what the counts add up to.
#include "obs/histogram.h"

#include <gtest/gtest.h>

namespace novelo::rt {
namespace {

TEST(Histogram, ADurationOfABoundFallsIntoItsBucketAndOneMoreIntoTheNext) {
  for (int i = 0; i < Histogram::kBounds; ++i) {
    EXPECT_EQ(Histogram::bucket(Histogram::bound_ns(i)), i);
    EXPECT_EQ(Histogram::bucket(Histogram::bound_ns(i) + 1), i + 1);
  }
}

TEST(Histogram, NothingAndLessFallsIntoTheFirstBucket) {
  EXPECT_EQ(Histogram::bucket(0), 0);
  EXPECT_EQ(Histogram::bucket(-5), 0);
  EXPECT_EQ(Histogram::bucket(1), 0);
}

TEST(Histogram, TheLongestDurationFallsIntoTheLastBucket) {
  EXPECT_EQ(Histogram::bucket(std::int64_t{1} << 62), Histogram::kBounds);
}

TEST(Histogram, EveryBucketHoldsWhatItsBoundsSay) {
  for (std::int64_t ns = 1; ns < std::int64_t{20} * 1'000'000'000; ns = ns * 17 / 16 + 1) {
    const int i = Histogram::bucket(ns);
    if (i < Histogram::kBounds) {
      ASSERT_LE(ns, Histogram::bound_ns(i));
    }
    if (i > 0) {
      ASSERT_GT(ns, Histogram::bound_ns(i - 1));
    }
  }
}

TEST(Histogram, CountsAndSumAreThoseOfWhatWasAdded) {
  Histogram histogram;
  histogram.add(500);
  histogram.add(1500);
  histogram.add(1600);
  EXPECT_EQ(histogram.count_of(0), 1u);
  EXPECT_EQ(histogram.count_of(1), 2u);
  EXPECT_EQ(histogram.count_of(2), 0u);
  EXPECT_EQ(histogram.sum_ns(), 3600);
}

}  // namespace
}  // namespace novelo::rt
