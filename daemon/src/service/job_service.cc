// Requests are checked and answers dressed here; what jobs do is job/jobs.cc.
#include "service/job_service.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <utility>

#include "google/protobuf/empty.pb.h"
#include "job/job_filter.h"
#include "job/submission.h"
#include "proto_time.h"
#include "rpc/error.h"
#include "rpc/message_method.h"

namespace novelo::daemon {
namespace {

constexpr int kPageSizeDefault = 100;
constexpr int kPageSizeMax = 1000;

}  // namespace

void JobService::add_to(Router& router) {
  add_unary<v1::SubmitJobRequest>(router, "/novelo.v1.JobService/SubmitJob",
                                  [this](const auto& request) { return submit_job(request); });
  add_unary<v1::GetJobRequest>(router, "/novelo.v1.JobService/GetJob", [this](const auto& request) {
    return with_json(jobs_.get(request.id(), JobParts::kAll));
  });
  add_unary<v1::ListJobsRequest>(router, "/novelo.v1.JobService/ListJobs",
                                 [this](const auto& request) { return list_jobs(request); });
  add_unary<v1::CancelJobRequest>(router, "/novelo.v1.JobService/CancelJob",
                                  [this](const auto& request) { return with_json(jobs_.cancel(request.id())); });
  add_unary<v1::WaitJobRequest>(router, "/novelo.v1.JobService/WaitJob",
                                [this](const auto& request) { return wait_job(request); });
  add_unary<v1::DeleteJobRequest>(router, "/novelo.v1.JobService/DeleteJob",
                                  [this](const auto& request) -> absl::StatusOr<google::protobuf::Empty> {
                                    if (absl::Status status = jobs_.erase(request.id()); !status.ok()) return status;
                                    return google::protobuf::Empty();
                                  });
  add_server_streaming<v1::WatchJobRequest, v1::WatchJobResponse>(
      router, "/novelo.v1.JobService/WatchJob", [this](const auto& request, const auto& write) {
        return jobs_.watch(request.id(), [&](const v1::Job& job) {
          v1::WatchJobResponse response;
          *response.mutable_job() = with_json(job);
          return write(response);
        });
      });
}

absl::StatusOr<v1::Job> JobService::submit_job(const v1::SubmitJobRequest& request) {
  absl::StatusOr<v1::Job> job = make_job(request, schema_, json_, absl::Now());
  if (!job.ok()) return job.status();
  return with_json(jobs_.submit(*std::move(job)));
}

absl::StatusOr<v1::ListJobsResponse> JobService::list_jobs(const v1::ListJobsRequest& request) {
  if (request.page_size() < 0) return bad_field("page_size", "is negative").status();
  const int page_size = request.page_size() == 0 ? kPageSizeDefault : std::min(request.page_size(), kPageSizeMax);
  std::uint64_t before = 0;
  if (!request.page_token().empty() && !absl::SimpleAtoi(request.page_token(), &before)) {
    return bad_field("page_token", "is none that ListJobs has given").status();
  }
  const absl::StatusOr<JobFilter> filter = JobFilter::parse(request.filter());
  if (!filter.ok()) return filter.status();

  absl::StatusOr<JobPage> page =
      jobs_.list([&](const v1::Job& job) { return filter->matches(job); }, static_cast<std::size_t>(page_size), before);
  if (!page.ok()) return page.status();
  v1::ListJobsResponse response;
  for (v1::Job& job : page->jobs) *response.add_jobs() = std::move(job);
  if (page->next != 0) response.set_next_page_token(absl::StrCat(page->next));
  return response;
}

absl::StatusOr<v1::Job> JobService::wait_job(const v1::WaitJobRequest& request) {
  absl::Time until = absl::InfiniteFuture();
  if (request.has_timeout()) {
    const absl::Duration timeout = from_proto(request.timeout());
    if (timeout < absl::ZeroDuration()) return bad_field("timeout", "is negative").status();
    until = absl::Now() + timeout;
  }
  return with_json(jobs_.wait(request.id(), until));
}

v1::Job JobService::with_json(v1::Job job) const {
  const TaskSchema* task = schema_.find(job.task());
  if (task == nullptr) return job;
  // Bytes that have no JSON (a task may write text that is not UTF-8) are still there as bytes.
  if (job.has_input()) job.mutable_input()->set_json(json_.to_json(*task->input(), job.input().proto()).value_or(""));
  for (v1::Payload& result : *job.mutable_results()) {
    result.set_json(json_.to_json(*task->output(), result.proto()).value_or(""));
  }
  return job;
}

absl::StatusOr<v1::Job> JobService::with_json(absl::StatusOr<v1::Job> job) const {
  if (!job.ok()) return job;
  return with_json(*std::move(job));
}

}  // namespace novelo::daemon
