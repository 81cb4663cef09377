// daemon/src/service/job_service.h
// novelo.v1.JobService over the jobs of this node. Payloads get their JSON here, on the way out.
//
//   tested  tests/unit/daemon/server_test.cc
#pragma once

#include "job/jobs.h"
#include "rpc/transport.h"
#include "schema/json.h"
#include "schema/schema.h"

namespace novelo::daemon {

class JobService {
 public:
  // All outlive the service, and the service the router.
  JobService(Jobs& jobs, const Schema& schema, const JsonCodec& json) : jobs_(jobs), schema_(schema), json_(json) {}
  void add_to(Router& router);

  absl::StatusOr<v1::Job> submit_job(const v1::SubmitJobRequest& request);
  absl::StatusOr<v1::ListJobsResponse> list_jobs(const v1::ListJobsRequest& request);
  absl::StatusOr<v1::Job> wait_job(const v1::WaitJobRequest& request);

 private:
  v1::Job with_json(v1::Job job) const;
  absl::StatusOr<v1::Job> with_json(absl::StatusOr<v1::Job> job) const;

  Jobs& jobs_;
  const Schema& schema_;
  const JsonCodec& json_;
};

}  // namespace novelo::daemon
