// Ids rise, whatever the clock does, and are UUIDs of version 7.
#include "job/job_id.h"

#include <gtest/gtest.h>

namespace novelo::daemon {
namespace {

TEST(JobIds, RiseAlsoWhenTheClockStandsOrGoesBack) {
  JobIds ids;
  std::string last = ids.next(absl::FromUnixMillis(1700000000000));
  for (int i = 0; i < 10000; ++i) {
    std::string next = ids.next(absl::FromUnixMillis(1700000000000 - i));
    ASSERT_LT(last, next);
    last = std::move(next);
  }
}

TEST(JobIds, HaveTheFormOfVersion7) {
  JobIds ids;
  const std::string id = ids.next(absl::FromUnixMillis(0x0123456789AB));
  ASSERT_EQ(id.size(), 36U);
  EXPECT_EQ(id.substr(0, 15), "01234567-89ab-7");
  EXPECT_NE(std::string("89ab").find(id[19]), std::string::npos) << id;
}

}  // namespace
}  // namespace novelo::daemon
