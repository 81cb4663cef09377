// Who runs next: time first, then priority, then the order of submission.
#include "job/job_queue.h"

#include <gtest/gtest.h>

namespace novelo::daemon {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1000);

TEST(JobQueue, HigherPriorityGoesFirstAndEqualsInOrder) {
  JobQueue queue;
  queue.push({"a", 0, 1});
  queue.push({"b", 5, 2});
  queue.push({"c", 5, 3});
  EXPECT_EQ(queue.pop(kNow)->id, "b");
  EXPECT_EQ(queue.pop(kNow)->id, "c");
  EXPECT_EQ(queue.pop(kNow)->id, "a");
  EXPECT_FALSE(queue.pop(kNow).has_value());
  EXPECT_EQ(queue.size(), 0U);
}

TEST(JobQueue, NobodyRunsBeforeHisTime) {
  JobQueue queue;
  queue.push({"later", 9, 1, kNow + absl::Seconds(1)});
  queue.push({"now", 0, 2});
  EXPECT_EQ(queue.pop(kNow)->id, "now");
  EXPECT_FALSE(queue.pop(kNow).has_value());
  EXPECT_EQ(queue.next_change(), kNow + absl::Seconds(1));
  EXPECT_EQ(queue.pop(kNow + absl::Seconds(1))->id, "later");
}

TEST(JobQueue, OverdueIsTakenWhetherOrNotItsTimeHadCome) {
  JobQueue queue;
  queue.push({"ready", 0, 1, absl::InfinitePast(), kNow});
  queue.push({"waits", 0, 2, kNow + absl::Hours(1), kNow + absl::Seconds(1)});
  EXPECT_EQ(queue.pop_overdue(kNow)->id, "ready");
  EXPECT_FALSE(queue.pop_overdue(kNow).has_value());
  EXPECT_EQ(queue.next_change(), kNow + absl::Seconds(1));
  EXPECT_EQ(queue.pop_overdue(kNow + absl::Seconds(1))->id, "waits");
  EXPECT_EQ(queue.next_change(), absl::InfiniteFuture());
}

TEST(JobQueue, RemovedIsGoneFromEveryOrder) {
  JobQueue queue;
  queue.push({"a", 0, 1, absl::InfinitePast(), kNow});
  EXPECT_TRUE(queue.has_ready(kNow));
  EXPECT_TRUE(queue.remove("a"));
  EXPECT_FALSE(queue.remove("a"));
  EXPECT_FALSE(queue.pop(kNow).has_value());
  EXPECT_FALSE(queue.pop_overdue(kNow).has_value());
}

}  // namespace
}  // namespace novelo::daemon
