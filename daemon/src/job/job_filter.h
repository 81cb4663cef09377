// daemon/src/job/job_filter.h
// The filter of ListJobs: terms `field=value` joined by AND.
//
//   tested  tests/unit/daemon/job_filter_test.cc
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "novelo/v1/job.pb.h"

namespace novelo::daemon {

class JobFilter {
 public:
  // kInvalidArgument says which term is wrong and what may be written.
  static absl::StatusOr<JobFilter> parse(std::string_view text);
  bool matches(const v1::Job& job) const;

 private:
  std::vector<std::pair<std::string, std::string>> terms_;  // field, value; every one must hold
};

}  // namespace novelo::daemon
