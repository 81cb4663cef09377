// The filter of ListJobs: every term must hold, and a wrong one is explained.
#include "job/job_filter.h"

#include <gtest/gtest.h>

namespace novelo::daemon {
namespace {

v1::Job job() {
  v1::Job job;
  job.set_task("text.grep");
  job.set_state(v1::JOB_STATE_RUNNING);
  (*job.mutable_labels())["team"] = "web";
  return job;
}

bool matches(const std::string& filter) {
  const auto parsed = JobFilter::parse(filter);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  return parsed.ok() && parsed->matches(job());
}

TEST(JobFilter, EveryTermMustHold) {
  EXPECT_TRUE(matches(""));
  EXPECT_TRUE(matches("state=running"));
  EXPECT_TRUE(matches("state = JOB_STATE_RUNNING AND labels.team=\"web\" AND task=text.grep"));
  EXPECT_FALSE(matches("state=RUNNING AND labels.team=db"));
  EXPECT_FALSE(matches("labels.other=web"));
  EXPECT_FALSE(matches("queue=x"));
}

TEST(JobFilter, AWrongTermIsExplained) {
  EXPECT_NE(JobFilter::parse("stat=running").status().message().find("did you mean \"state\"?"),
            absl::string_view::npos);
  EXPECT_NE(JobFilter::parse("state=sleeping").status().message().find("SUCCEEDED"), absl::string_view::npos);
  EXPECT_NE(JobFilter::parse("running").status().message().find("field=value"), absl::string_view::npos);
}

}  // namespace
}  // namespace novelo::daemon
