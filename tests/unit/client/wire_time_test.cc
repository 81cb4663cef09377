// tests/unit/client/wire_time_test.cc
#include "wire_time.h"

#include <gtest/gtest.h>

namespace novelo::client {
namespace {

TEST(WireTime, ComesBackAsItWent) {
  for (const absl::Duration d :
       {absl::ZeroDuration(), absl::Nanoseconds(1), absl::Milliseconds(-1500), absl::Hours(9)}) {
    EXPECT_EQ(to_duration(to_wire(d)), d);
  }
  const absl::Time time = absl::FromUnixNanos(1'234'567'890'123'456'789);
  EXPECT_EQ(to_time(to_wire(time)), time);
}

TEST(WireTime, NanosOfATimestampCountForwardBefore1970) {
  EXPECT_EQ(to_wire(absl::FromUnixMillis(-1)).seconds(), -1);
  EXPECT_EQ(to_wire(absl::FromUnixMillis(-1)).nanos(), 999'000'000);
}

TEST(WireTime, InfinityBecomesTheLongestDuration) {
  EXPECT_EQ(to_wire(absl::InfiniteDuration()).seconds(), kWireSecondsMax);
  EXPECT_EQ(to_wire(-absl::InfiniteDuration()).seconds(), -kWireSecondsMax);
}

}  // namespace
}  // namespace novelo::client
