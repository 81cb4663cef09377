// daemon/src/job/submission.h
// From a request to submit a job to the job: every check that needs no store.
//
//   refused  UNIMPLEMENTED, naming the field, for what this node cannot honour: queue, concurrency_key, placement
//   limits   the constants below; a value beyond one is INVALID_ARGUMENT and named
//   tested   tests/unit/daemon/submission_test.cc
#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <cstddef>

#include "novelo/v1/job.pb.h"
#include "schema/json.h"
#include "schema/schema.h"

namespace novelo::daemon {

inline constexpr std::size_t kRequestIdBytesMax = 128;
inline constexpr std::size_t kLabelsMax = 32;
inline constexpr std::size_t kLabelKeyBytesMax = 63;
inline constexpr std::size_t kLabelValueBytesMax = 255;
inline constexpr int kPriorityMax = 100;  // and minus that
inline constexpr std::string_view kDefaultQueue = "default";

// The job that `request` asks for, without id and creation time; its input in protobuf's binary form.
absl::StatusOr<v1::Job> make_job(const v1::SubmitJobRequest& request, const Schema& schema, const JsonCodec& json,
                                 absl::Time now);

}  // namespace novelo::daemon
