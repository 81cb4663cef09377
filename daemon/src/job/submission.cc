// The checks come in the order a caller would want to be told: task, fields, input.
#include "job/submission.h"

#include <absl/strings/str_cat.h>

#include "job/retry.h"
#include "proto_time.h"
#include "rpc/error.h"

namespace novelo::daemon {
namespace {

absl::Status unsupported(std::string_view field, std::string_view why) {
  return Error(absl::StatusCode::kUnimplemented, "FIELD_NOT_SUPPORTED",
               absl::StrCat(std::string(field), " cannot be honoured: ", std::string(why)))
      .metadata("field", field)
      .field(field, why);
}

absl::Status check_supported(const v1::SubmitJobRequest& request) {
  if (!request.queue().empty() && request.queue() != kDefaultQueue) {
    return unsupported("queue", "this node has the queue \"default\" alone");
  }
  if (!request.concurrency_key().empty())
    return unsupported("concurrency_key", "this node does not keep jobs apart by key");
  if (request.has_placement()) return unsupported("placement", "this node belongs to no cluster");
  return absl::OkStatus();
}

absl::Status check_limits(const v1::SubmitJobRequest& request) {
  if (request.request_id().size() > kRequestIdBytesMax) {
    return bad_field("request_id", absl::StrCat("is longer than ", kRequestIdBytesMax, " bytes"));
  }
  if (request.priority() > kPriorityMax || request.priority() < -kPriorityMax) {
    return bad_field("priority",
                     absl::StrCat(request.priority(), " is not from ", -kPriorityMax, " to ", kPriorityMax));
  }
  if (static_cast<std::size_t>(request.labels_size()) > kLabelsMax) {
    return bad_field("labels", absl::StrCat("there are ", request.labels_size(), ", more than ", kLabelsMax));
  }
  for (const auto& [key, value] : request.labels()) {
    if (key.empty() || key.size() > kLabelKeyBytesMax) {
      return bad_field("labels", absl::StrCat("the key \"", key.substr(0, kLabelKeyBytesMax), "\" is not 1 to ",
                                              kLabelKeyBytesMax, " bytes long"));
    }
    if (value.size() > kLabelValueBytesMax) {
      return bad_field(absl::StrCat("labels.", key),
                       absl::StrCat("the value is longer than ", kLabelValueBytesMax, " bytes"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> read_input(const v1::SubmitJobRequest& request, const TaskSchema& task,
                                       const JsonCodec& json) {
  switch (request.input_case()) {
    case v1::SubmitJobRequest::kInputJson:
      return json.from_json(*task.input(), request.input_json());
    case v1::SubmitJobRequest::kInputProto: {
      if (absl::Status status = json.check(*task.input(), request.input_proto()); !status.ok()) return status;
      return request.input_proto();
    }
    case v1::SubmitJobRequest::INPUT_NOT_SET:
      break;
  }
  return std::string();
}

}  // namespace

absl::StatusOr<v1::Job> make_job(const v1::SubmitJobRequest& request, const Schema& schema, const JsonCodec& json,
                                 absl::Time now) {
  if (request.task().empty()) return bad_field("task", "is empty: name a task").status();
  const TaskSchema* task = schema.find(request.task());
  if (task == nullptr) return schema.unknown_task(request.task());
  if (absl::Status status = check_supported(request); !status.ok()) return status;
  if (absl::Status status = check_limits(request); !status.ok()) return status;
  absl::StatusOr<std::string> input = read_input(request, *task, json);
  if (!input.ok()) return input.status();
  absl::StatusOr<v1::RetryPolicy> retry_policy = complete_retry_policy(request.retry_policy());
  if (!retry_policy.ok()) return retry_policy.status();

  v1::Job job;
  job.set_task(request.task());
  job.mutable_input()->set_type(task->input()->full_name());
  job.mutable_input()->set_proto(*std::move(input));
  job.set_request_id(request.request_id());
  *job.mutable_retry_policy() = *std::move(retry_policy);
  job.set_priority(request.priority());
  job.set_queue(std::string(kDefaultQueue));
  *job.mutable_labels() = request.labels();
  absl::Time may_run = now;
  if (request.has_not_before() && from_proto(request.not_before()) > now) {
    may_run = from_proto(request.not_before());
    *job.mutable_next_attempt_time() = request.not_before();
  }
  if (request.has_deadline()) {
    const absl::Duration deadline = from_proto(request.deadline());
    if (deadline <= absl::ZeroDuration()) return bad_field("deadline", "is not longer than nothing").status();
    *job.mutable_deadline_time() = to_proto(may_run + deadline);
  }
  return job;
}

}  // namespace novelo::daemon
