// tests/unit/client/fake_server.cc
// Typed methods are a grpc::Service of bidirectional byte streams, which on the wire every kind of call is.
#include "fake_server.h"

#include <google/protobuf/util/json_util.h>
#include <google/rpc/error_details.pb.h>
#include <google/rpc/status.pb.h>
#include <grpcpp/impl/codegen/method_handler.h>
#include <grpcpp/impl/codegen/service_type.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/sync_stream.h>

#include <list>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "message_json.h"
#include "novelo/v1/node.grpc.pb.h"
#include "novelo/v1/runtime.grpc.pb.h"
#include "novelo/v1/task.grpc.pb.h"
#include "sample_task.h"
#include "wire_time.h"

namespace novelo::testing {
namespace {

using google::protobuf::Message;
using Stream = grpc::ServerReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer>;

std::string bytes_of(grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (buffer.Dump(&slices).ok()) {
    for (const grpc::Slice& slice : slices) bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

class WireExchange : public Exchange {
 public:
  WireExchange(grpc::ServerContext& context, Stream& stream, const client::TaskSchema& schema)
      : context_(context), stream_(stream), schema_(schema) {}
  std::unique_ptr<Message> read() override {
    grpc::ByteBuffer buffer;
    if (!stream_.Read(&buffer)) return nullptr;
    auto message = schema_.new_input();
    message->ParseFromString(bytes_of(buffer));
    return message;
  }
  bool write_json(const std::string& json) override {
    const auto message = schema_.new_output();
    if (!client::merge_json(json, message.get()).ok()) std::abort();
    const grpc::Slice slice(message->SerializeAsString());
    return stream_.Write(grpc::ByteBuffer(&slice, 1));
  }
  bool is_cancelled() override { return context_.IsCancelled(); }
  absl::Time deadline() override { return absl::FromChrono(context_.deadline()); }
  const client::TaskSchema& schema() override { return schema_; }

 private:
  grpc::ServerContext& context_;
  Stream& stream_;
  const client::TaskSchema& schema_;
};

// The run of a job: its input is there, its results are kept.
class JobExchange : public Exchange {
 public:
  JobExchange(const client::TaskSchema& schema, const std::string& input, v1::Job& job)
      : schema_(schema), input_(schema.new_input()), job_(job) {
    input_->ParseFromString(input);
  }
  std::unique_ptr<Message> read() override { return std::move(input_); }
  bool write_json(const std::string& json) override {
    const auto message = schema_.new_output();
    if (!client::merge_json(json, message.get()).ok()) std::abort();
    v1::Payload* payload = job_.add_results();
    payload->set_type(schema_.output().full_name());
    payload->set_proto(message->SerializeAsString());
    payload->set_json(client::to_json(*message, client::JsonLayout::kOneLine).value());
    return true;
  }
  bool is_cancelled() override { return false; }
  absl::Time deadline() override { return absl::InfiniteFuture(); }
  const client::TaskSchema& schema() override { return schema_; }

 private:
  const client::TaskSchema& schema_;
  std::unique_ptr<Message> input_;
  v1::Job& job_;
};

grpc::Status no_job(const std::string& id) {
  return with_reason(grpc::StatusCode::NOT_FOUND, "no job has the id " + id, "JOB_NOT_FOUND");
}

}  // namespace

grpc::Status with_details(grpc::StatusCode code, const std::string& message,
                          const std::vector<const Message*>& details) {
  google::rpc::Status status;
  status.set_code(code);
  status.set_message(message);
  for (const Message* detail : details) status.add_details()->PackFrom(*detail);
  return grpc::Status(code, message, status.SerializeAsString());
}

grpc::Status with_reason(grpc::StatusCode code, const std::string& message, const std::string& reason) {
  google::rpc::ErrorInfo info;
  info.set_reason(reason);
  info.set_domain("novelo");
  return with_details(code, message, {&info});
}

// The typed methods: one for each task, its messages as bytes.
class TypedMethods : public grpc::Service {
 public:
  using Serve = std::function<grpc::Status(grpc::ServerContext&, Stream&)>;
  void add(const std::string& path, Serve serve) {
    const auto handle = [serve = std::move(serve)](grpc::Service*, grpc::ServerContext* context, Stream* stream) {
      return serve(*context, *stream);
    };
    AddMethod(new grpc::internal::RpcServiceMethod(
        paths_.emplace_back(path).c_str(), grpc::internal::RpcMethod::BIDI_STREAMING,
        new grpc::internal::BidiStreamingHandler<grpc::Service, grpc::ByteBuffer, grpc::ByteBuffer>(handle, this)));
  }

 private:
  std::list<std::string> paths_;  // gRPC keeps a pointer to each
};

class FakeServer::State : public v1::TaskService::Service,
                          public v1::NodeService::Service,
                          public v1::JobService::Service,
                          public v1::RuntimeService::Service,
                          public grpc::health::v1::Health::Service {
 public:
  State() {
    for (const v1::Task& task : sample_tasks()) {
      schemas_[task.name()] = client::TaskSchema::from(task).value();
      typed_.add(task.method(), [this, name = task.name()](grpc::ServerContext& context, Stream& stream) {
        WireExchange exchange(context, stream, *schemas_.at(name));
        return method(name)(exchange);
      });
    }
    methods_["text.word_count"] = [](Exchange& exchange) {
      exchange.read();
      exchange.write_json(R"({"words": [{"word": "the", "count": 2893}, {"word": "of", "count": 17}], "files": 4})");
      return grpc::Status::OK;
    };
    methods_["text.grep"] = [](Exchange& exchange) {
      exchange.read();
      for (int i = 1; i <= 3; ++i) {
        exchange.write_json(absl::StrCat(R"({"path": "a.txt", "line_number": )", i, R"(, "line": "x\ty"})"));
      }
      return grpc::Status::OK;
    };
    methods_["text.sum"] = [](Exchange& exchange) {
      std::int64_t sum = 0;
      while (const auto number = exchange.read()) {
        sum += number->GetReflection()->GetInt64(*number, number->GetDescriptor()->field(0));
      }
      exchange.write_json(absl::StrCat(sum));
      return grpc::Status::OK;
    };
    methods_["text.upper"] = [](Exchange& exchange) {
      while (const auto line = exchange.read()) {
        exchange.write_json(
            absl::StrCat("\"", line->GetReflection()->GetString(*line, line->GetDescriptor()->field(0)), "!\""));
      }
      return grpc::Status::OK;
    };
    methods_["net.dial"] = [](Exchange& exchange) {
      exchange.write_json(client::to_json(*exchange.read(), client::JsonLayout::kOneLine).value() == "" ? "\"\""
                                                                                                        : "\"ok\"");
      return grpc::Status::OK;
    };
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&typed_);
    builder.RegisterService(static_cast<v1::TaskService::Service*>(this));
    builder.RegisterService(static_cast<v1::NodeService::Service*>(this));
    builder.RegisterService(static_cast<v1::JobService::Service*>(this));
    builder.RegisterService(static_cast<v1::RuntimeService::Service*>(this));
    builder.RegisterService(static_cast<grpc::health::v1::Health::Service*>(this));
    server_ = builder.BuildAndStart();
    address_ = absl::StrCat("127.0.0.1:", port);
  }
  ~State() override { stop(); }

  void stop() {
    {
      absl::MutexLock lock(&mutex_);
      stopped_ = true;
    }
    server_->Shutdown(absl::ToChronoTime(absl::Now()));
  }
  const std::string& address() const { return address_; }

  Method method(const std::string& task) {
    absl::MutexLock lock(&mutex_);
    return methods_.at(task);
  }
  void set_method(const std::string& task, Method method) {
    absl::MutexLock lock(&mutex_);
    methods_[task] = std::move(method);
  }
  std::optional<v1::Job> job(const std::string& id) {
    absl::MutexLock lock(&mutex_);
    const auto found = jobs_.find(id);
    return found == jobs_.end() ? std::nullopt : std::optional(found->second);
  }
  void wait_for_watcher() {
    absl::MutexLock lock(&mutex_, absl::Condition(+[](State* s) { return s->has_watcher(); }, this));
  }
  v1::SubmitJobRequest last_submit() {
    absl::MutexLock lock(&mutex_);
    return last_submit_;
  }
  void hold_jobs(bool hold) {
    absl::MutexLock lock(&mutex_);
    holds_ = hold;
  }
  void set_health(int status) {
    absl::MutexLock lock(&mutex_);
    health_ = static_cast<grpc::health::v1::HealthCheckResponse::ServingStatus>(status);
  }

  // TaskService
  grpc::Status ListTasks(grpc::ServerContext*, const v1::ListTasksRequest* request,
                         v1::ListTasksResponse* reply) override {
    // Two to a page, whatever was asked for: clients must go on.
    int skip = request->page_token().empty() ? 0 : std::stoi(request->page_token());
    int position = 0;
    for (const auto& [name, schema] : schemas_) {
      if (!absl::StartsWith(name, request->prefix())) continue;
      if (position++ < skip) continue;
      if (reply->tasks_size() == 2) {
        reply->set_next_page_token(absl::StrCat(skip + 2));
        break;
      }
      *reply->add_tasks() = schema->task();
      reply->mutable_tasks()->rbegin()->clear_file_descriptor_set();
    }
    return grpc::Status::OK;
  }
  grpc::Status GetTask(grpc::ServerContext*, const v1::GetTaskRequest* request, v1::Task* reply) override {
    const auto found = schemas_.find(request->name());
    if (found == schemas_.end()) {
      return with_reason(grpc::StatusCode::NOT_FOUND,
                         absl::StrCat("no task \"", request->name(), "\"; did you mean text.word_count?"),
                         "TASK_NOT_FOUND");
    }
    *reply = found->second->task();
    return grpc::Status::OK;
  }

  // RuntimeService
  grpc::Status CollectGarbage(grpc::ServerContext*, const v1::CollectGarbageRequest*,
                              v1::CollectGarbageResponse* reply) override {
    *reply->mutable_elapsed() = client::to_wire(absl::Microseconds(3500));
    reply->set_cycles(7);
    reply->set_live_bytes(4096);
    reply->set_objects(128);
    reply->set_freed_objects(3);
    reply->set_freed_bytes(96);
    reply->set_goal_bytes(8192);
    return grpc::Status::OK;
  }

  // NodeService, Health
  grpc::Status GetNode(grpc::ServerContext*, const v1::GetNodeRequest*, v1::Node* reply) override {
    reply->set_name("loom");
    reply->set_state(v1::NODE_STATE_READY);
    reply->set_version("9.8.7");
    reply->set_max_procs(2);
    reply->set_store("memory");
    return grpc::Status::OK;
  }
  grpc::Status Check(grpc::ServerContext*, const grpc::health::v1::HealthCheckRequest*,
                     grpc::health::v1::HealthCheckResponse* reply) override {
    absl::MutexLock lock(&mutex_);
    reply->set_status(health_);
    return grpc::Status::OK;
  }

  // JobService
  grpc::Status SubmitJob(grpc::ServerContext*, const v1::SubmitJobRequest* request, v1::Job* reply) override {
    const auto schema = schemas_.find(request->task());
    if (schema == schemas_.end()) return with_reason(grpc::StatusCode::NOT_FOUND, "no such task", "TASK_NOT_FOUND");
    absl::MutexLock lock(&mutex_);
    last_submit_ = *request;
    reply->set_id(absl::StrCat("job-", jobs_.size() + 1));
    reply->set_task(request->task());
    reply->set_state(v1::JOB_STATE_QUEUED);
    *reply->mutable_labels() = request->labels();
    *reply->mutable_create_time() = client::to_wire(absl::Now());
    std::string input = request->input_proto();
    if (request->has_input_json()) {
      const auto message = schema->second->new_input();
      const absl::Status parsed = client::merge_json(request->input_json(), message.get());
      if (!parsed.ok()) {
        return with_reason(grpc::StatusCode::INVALID_ARGUMENT, std::string(parsed.message()), "INVALID_FIELD");
      }
      input = message->SerializeAsString();
    }
    reply->mutable_input()->set_proto(input);
    jobs_[reply->id()] = *reply;
    return grpc::Status::OK;
  }
  grpc::Status GetJob(grpc::ServerContext*, const v1::GetJobRequest* request, v1::Job* reply) override {
    absl::MutexLock lock(&mutex_);
    const auto found = jobs_.find(request->id());
    if (found == jobs_.end()) return no_job(request->id());
    *reply = found->second;
    return grpc::Status::OK;
  }
  grpc::Status ListJobs(grpc::ServerContext*, const v1::ListJobsRequest* request,
                        v1::ListJobsResponse* reply) override {
    absl::MutexLock lock(&mutex_);
    for (const auto& [id, job] : jobs_) {
      if (request->filter().empty() || absl::StrContains(request->filter(), "task=" + job.task())) {
        if (reply->jobs_size() < request->page_size()) {
          *reply->add_jobs() = job;
        } else {
          reply->set_next_page_token("more");
        }
      }
    }
    return grpc::Status::OK;
  }
  grpc::Status CancelJob(grpc::ServerContext*, const v1::CancelJobRequest* request, v1::Job* reply) override {
    absl::MutexLock lock(&mutex_);
    const auto found = jobs_.find(request->id());
    if (found == jobs_.end()) return no_job(request->id());
    found->second.set_state(v1::JOB_STATE_CANCELLED);
    found->second.mutable_error()->set_code(grpc::StatusCode::CANCELLED);
    found->second.mutable_error()->set_message("cancelled by CancelJob");
    *reply = found->second;
    return grpc::Status::OK;
  }
  grpc::Status WaitJob(grpc::ServerContext* context, const v1::WaitJobRequest* request, v1::Job* reply) override {
    if (!job(request->id())) return no_job(request->id());
    start(request->id());
    run(*context, request->id());
    *reply = *job(request->id());
    absl::MutexLock lock(&mutex_);
    --watchers_;
    return grpc::Status::OK;
  }
  grpc::Status WatchJob(grpc::ServerContext* context, const v1::WatchJobRequest* request,
                        grpc::ServerWriter<v1::WatchJobResponse>* writer) override {
    if (!job(request->id())) return no_job(request->id());
    v1::WatchJobResponse response;
    *response.mutable_job() = *job(request->id());
    writer->Write(response);
    *response.mutable_job() = start(request->id());
    if (response.job().state() == v1::JOB_STATE_RUNNING) writer->Write(response);
    run(*context, request->id());
    *response.mutable_job() = *job(request->id());
    writer->Write(response);
    absl::MutexLock lock(&mutex_);
    --watchers_;
    return grpc::Status::OK;
  }
  grpc::Status DeleteJob(grpc::ServerContext*, const v1::DeleteJobRequest* request, google::protobuf::Empty*) override {
    absl::MutexLock lock(&mutex_);
    const auto found = jobs_.find(request->id());
    if (found == jobs_.end()) return no_job(request->id());
    if (found->second.state() == v1::JOB_STATE_RUNNING) {
      return with_reason(grpc::StatusCode::FAILED_PRECONDITION, "it still runs", "JOB_NOT_ENDED");
    }
    jobs_.erase(found);
    return grpc::Status::OK;
  }

 private:
  // A condition: absl::Mutex holds itself when it asks, which the analysis does not see.
  bool has_watcher() const ABSL_NO_THREAD_SAFETY_ANALYSIS { return watchers_ > 0; }

  // Begins a wait for the job, which makes a queued one run.
  v1::Job start(const std::string& id) {
    absl::MutexLock lock(&mutex_);
    ++watchers_;
    v1::Job& job = jobs_[id];
    if (job.state() == v1::JOB_STATE_QUEUED) {
      job.set_state(v1::JOB_STATE_RUNNING);
      job.set_attempt(1);
    }
    return job;
  }

  // Runs the job's task to its end, once nothing holds it.
  void run(grpc::ServerContext& context, const std::string& id) {
    v1::Job job;
    {
      absl::MutexLock lock(&mutex_);
      while (holds_ && !stopped_ && jobs_[id].state() != v1::JOB_STATE_CANCELLED && !context.IsCancelled()) {
        mutex_.AwaitWithTimeout(absl::Condition(+[](bool* h) { return !*h; }, &holds_), absl::Milliseconds(5));
      }
      if (holds_) return;
      job = jobs_[id];
    }
    if (job.state() != v1::JOB_STATE_QUEUED && job.state() != v1::JOB_STATE_RUNNING) return;
    JobExchange exchange(*schemas_.at(job.task()), job.input().proto(), job);
    const grpc::Status status = method(job.task())(exchange);
    job.set_state(status.ok() ? v1::JOB_STATE_SUCCEEDED : v1::JOB_STATE_FAILED);
    job.mutable_error()->set_code(status.error_code());
    job.mutable_error()->set_message(status.error_message());
    *job.mutable_end_time() = client::to_wire(absl::Now());
    absl::MutexLock lock(&mutex_);
    jobs_[id] = job;
  }

  std::map<std::string, std::shared_ptr<const client::TaskSchema>> schemas_;
  TypedMethods typed_;
  std::string address_;
  absl::Mutex mutex_;
  std::map<std::string, Method> methods_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, v1::Job> jobs_ ABSL_GUARDED_BY(mutex_);
  v1::SubmitJobRequest last_submit_ ABSL_GUARDED_BY(mutex_);
  bool holds_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  int watchers_ ABSL_GUARDED_BY(mutex_) = 0;
  grpc::health::v1::HealthCheckResponse::ServingStatus health_ ABSL_GUARDED_BY(mutex_) =
      grpc::health::v1::HealthCheckResponse::SERVING;
  std::unique_ptr<grpc::Server> server_;
};

FakeServer::FakeServer() : state_(std::make_unique<State>()), address_(state_->address()) {}
FakeServer::~FakeServer() = default;
void FakeServer::set_method(const std::string& task, Method method) {
  state_->set_method(task, std::move(method));
}
void FakeServer::stop() {
  state_->stop();
}
std::optional<v1::Job> FakeServer::job(const std::string& id) {
  return state_->job(id);
}
void FakeServer::wait_for_watcher() {
  state_->wait_for_watcher();
}
v1::SubmitJobRequest FakeServer::last_submit() {
  return state_->last_submit();
}
void FakeServer::hold_jobs(bool hold) {
  state_->hold_jobs(hold);
}
void FakeServer::set_health(int serving_status) {
  state_->set_health(serving_status);
}

}  // namespace novelo::testing
