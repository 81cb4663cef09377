// client/src/client.cc
// A schema is asked for once a task and kept; a server that no longer knows the method makes us forget it.
#include "novelo/client.h"

#include <grpcpp/client_context.h>

#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "byte_call.h"
#include "connection.h"
#include "message_json.h"
#include "novelo/v1/job.grpc.pb.h"
#include "novelo/v1/task.grpc.pb.h"
#include "rpc_status.h"
#include "task_schema.h"
#include "wire_time.h"

namespace novelo {
namespace {

using client::TaskSchema;

// Questions that a healthy server answers at once.
constexpr absl::Duration kAnswerTimeout = absl::Seconds(30);

std::unique_ptr<grpc::ClientContext> context_until(absl::Time deadline) {
  auto context = std::make_unique<grpc::ClientContext>();
  if (deadline != absl::InfiniteFuture()) context->set_deadline(absl::ToChronoTime(deadline));
  return context;
}

TaskInfo task_info(const v1::Task& task) {
  TaskInfo info;
  info.name = task.name();
  info.doc = task.doc();
  info.method = task.method();
  info.reads_stream = task.kind() == v1::TASK_KIND_CLIENT_STREAMING || task.kind() == v1::TASK_KIND_BIDI_STREAMING;
  info.writes_stream = task.kind() == v1::TASK_KIND_SERVER_STREAMING || task.kind() == v1::TASK_KIND_BIDI_STREAMING;
  info.module = task.module();
  info.version = task.version();
  return info;
}

JobState job_state(v1::JobState state) {
  switch (state) {
    case v1::JOB_STATE_RUNNING:
      return JobState::kRunning;
    case v1::JOB_STATE_SUCCEEDED:
      return JobState::kSucceeded;
    case v1::JOB_STATE_FAILED:
      return JobState::kFailed;
    case v1::JOB_STATE_CANCELLED:
      return JobState::kCancelled;
    default:
      return JobState::kQueued;
  }
}

JobInfo job_info(const v1::Job& job) {
  JobInfo info;
  info.id = job.id();
  info.task = job.task();
  info.state = job_state(job.state());
  info.attempt = job.attempt();
  for (const v1::Payload& payload : job.results()) info.results.push_back(payload.json());
  info.error = client::from_rpc(job.error());
  if (job.has_create_time()) info.create_time = client::to_time(job.create_time());
  if (job.has_end_time()) info.end_time = client::to_time(job.end_time());
  return info;
}

}  // namespace

class Client::State {
 public:
  explicit State(const std::string& target)
      : channel_(client::open_channel(target)),
        tasks_(v1::TaskService::NewStub(channel_)),
        jobs_(v1::JobService::NewStub(channel_)) {}

  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }
  v1::TaskService::Stub& tasks() { return *tasks_; }
  v1::JobService::Stub& jobs() { return *jobs_; }

  // The description of a task, asked for once.
  absl::StatusOr<std::shared_ptr<const TaskSchema>> schema(const std::string& task, absl::Time deadline) {
    {
      absl::MutexLock lock(&mutex_);
      const auto known = schemas_.find(task);
      if (known != schemas_.end()) return known->second;
    }
    v1::GetTaskRequest request;
    request.set_name(task);
    request.set_view(v1::TASK_VIEW_FULL);
    v1::Task reply;
    const auto context = context_until(std::min(deadline, absl::Now() + kAnswerTimeout));
    const grpc::Status status = tasks_->GetTask(context.get(), request, &reply);
    if (!status.ok()) return client::from_grpc(status);
    absl::StatusOr<std::shared_ptr<const TaskSchema>> schema = TaskSchema::from(std::move(reply));
    if (!schema.ok()) return schema.status();
    absl::MutexLock lock(&mutex_);
    return schemas_.try_emplace(task, *std::move(schema)).first->second;
  }

  // The task may have changed with a new server behind the same address: ask again.
  void forget(const std::string& task) {
    absl::MutexLock lock(&mutex_);
    schemas_.erase(task);
  }

 private:
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::TaskService::Stub> tasks_;
  std::unique_ptr<v1::JobService::Stub> jobs_;
  absl::Mutex mutex_;
  absl::flat_hash_map<std::string, std::shared_ptr<const TaskSchema>> schemas_ ABSL_GUARDED_BY(mutex_);
};

Client::Client(std::unique_ptr<State> state) : state_(std::move(state)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

absl::StatusOr<Client> Client::connect(const std::string& address, absl::Duration timeout) {
  const absl::StatusOr<std::string> target = client::normalize_address(address);
  if (!target.ok()) return target.status();
  auto state = std::make_unique<State>(*target);
  if (!state->channel()->WaitForConnected(absl::ToChronoTime(absl::Now() + timeout))) {
    return absl::UnavailableError(
        absl::StrCat("no novelod answers at ", *target, " within ", absl::FormatDuration(timeout)));
  }
  return Client(std::move(state));
}

absl::StatusOr<std::vector<TaskInfo>> Client::tasks() {
  std::vector<TaskInfo> tasks;
  v1::ListTasksRequest request;
  do {
    const auto context = context_until(absl::Now() + kAnswerTimeout);
    v1::ListTasksResponse reply;
    const grpc::Status status = state_->tasks().ListTasks(context.get(), request, &reply);
    if (!status.ok()) return client::from_grpc(status);
    for (const v1::Task& task : reply.tasks()) tasks.push_back(task_info(task));
    request.set_page_token(reply.next_page_token());
  } while (!request.page_token().empty());
  return tasks;
}

absl::StatusOr<std::string> Client::call(const std::string& task, const std::string& json, const CallOptions& options) {
  std::string replies;
  const auto append = [&](const std::string& reply) {
    if (!replies.empty()) replies += '\n';
    replies += reply;
    return absl::OkStatus();
  };
  absl::Status status = call(task, json, append, options);
  if (!status.ok()) return status;
  return replies;
}

absl::Status Client::call(const std::string& task, const std::string& json,
                          const std::function<absl::Status(const std::string& json)>& on_reply,
                          const CallOptions& options) {
  const absl::Time deadline = absl::Now() + options.timeout;
  const absl::StatusOr<std::shared_ptr<const TaskSchema>> schema = state_->schema(task, deadline);
  if (!schema.ok()) return schema.status();
  const std::unique_ptr<google::protobuf::Message> input = (*schema)->new_input();
  if (absl::Status status = client::merge_json(json, input.get()); !status.ok()) return status;

  client::ByteCall call(state_->channel(), (*schema)->task().method(), deadline);
  call.start();
  call.write_last(input->SerializeAsString());
  while (const std::optional<std::string> bytes = call.read()) {
    const auto output = (*schema)->parse_output(*bytes);
    if (!output.ok()) return output.status();
    const absl::StatusOr<std::string> reply = client::to_json(**output, client::JsonLayout::kOneLine);
    if (!reply.ok()) return reply.status();
    if (absl::Status status = on_reply(*reply); !status.ok()) return status;  // ~ByteCall cancels
  }
  const absl::Status status = call.finish();
  if (absl::IsUnimplemented(status)) state_->forget(task);
  return status;
}

absl::StatusOr<JobInfo> Client::submit(const std::string& task, const std::string& json, const SubmitOptions& options) {
  v1::SubmitJobRequest request;
  request.set_task(task);
  request.set_input_json(json);
  request.set_request_id(options.request_id);
  if (options.deadline != absl::InfiniteDuration()) {
    *request.mutable_deadline() = client::to_wire(options.deadline);
  }
  if (options.max_attempts != 1) request.mutable_retry_policy()->set_max_attempts(options.max_attempts);
  request.set_priority(options.priority);
  request.mutable_labels()->insert(options.labels.begin(), options.labels.end());
  const auto context = context_until(absl::Now() + kAnswerTimeout);
  v1::Job job;
  const grpc::Status status = state_->jobs().SubmitJob(context.get(), request, &job);
  if (!status.ok()) return client::from_grpc(status);
  return job_info(job);
}

absl::StatusOr<JobInfo> Client::job(const std::string& id) {
  v1::GetJobRequest request;
  request.set_id(id);
  const auto context = context_until(absl::Now() + kAnswerTimeout);
  v1::Job job;
  const grpc::Status status = state_->jobs().GetJob(context.get(), request, &job);
  if (!status.ok()) return client::from_grpc(status);
  return job_info(job);
}

absl::StatusOr<JobInfo> Client::wait(const std::string& id, absl::Duration timeout) {
  v1::WaitJobRequest request;
  request.set_id(id);
  const auto context = context_until(absl::Now() + timeout);
  v1::Job job;
  const grpc::Status status = state_->jobs().WaitJob(context.get(), request, &job);
  if (!status.ok()) return client::from_grpc(status);
  return job_info(job);
}

absl::StatusOr<JobInfo> Client::cancel(const std::string& id) {
  v1::CancelJobRequest request;
  request.set_id(id);
  const auto context = context_until(absl::Now() + kAnswerTimeout);
  v1::Job job;
  const grpc::Status status = state_->jobs().CancelJob(context.get(), request, &job);
  if (!status.ok()) return client::from_grpc(status);
  return job_info(job);
}

absl::Status Client::remove(const std::string& id) {
  v1::DeleteJobRequest request;
  request.set_id(id);
  const auto context = context_until(absl::Now() + kAnswerTimeout);
  google::protobuf::Empty nothing;
  return client::from_grpc(state_->jobs().DeleteJob(context.get(), request, &nothing));
}

}  // namespace novelo
