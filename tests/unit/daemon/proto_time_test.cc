// Times before and after the epoch survive the way through protobuf.
#include "proto_time.h"

#include <gtest/gtest.h>

namespace novelo::daemon {
namespace {

TEST(ProtoTime, RoundTripsToTheNanosecond) {
  for (const absl::Duration offset : {absl::ZeroDuration(), absl::Nanoseconds(1), absl::Nanoseconds(-1),
                                      absl::Seconds(-1.5), absl::Hours(24 * 365 * 40) + absl::Nanoseconds(999999999)}) {
    EXPECT_EQ(from_proto(to_proto(absl::UnixEpoch() + offset)), absl::UnixEpoch() + offset);
    EXPECT_EQ(from_proto(to_proto(offset)), offset);
  }
}

TEST(ProtoTime, NanosecondsOfATimeAreNeverNegative) {
  EXPECT_EQ(to_proto(absl::UnixEpoch() - absl::Nanoseconds(1)).nanos(), 999999999);
  EXPECT_EQ(to_proto(absl::UnixEpoch() - absl::Nanoseconds(1)).seconds(), -1);
}

}  // namespace
}  // namespace novelo::daemon
