// The whole daemon in this process, asked by a real gRPC client.
#include "server.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "address.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "grpc/reflection/v1/reflection.grpc.pb.h"
#include "grpc/reflection/v1alpha/reflection.grpc.pb.h"
#include "novelo/v1/job.grpc.pb.h"
#include "novelo/v1/node.grpc.pb.h"
#include "novelo/v1/runtime.grpc.pb.h"
#include "novelo/v1/task.grpc.pb.h"
#include "proto_time.h"
#include "sample_tasks.h"
#include "test_node.h"

namespace novelo::daemon {
namespace {

// In whatever state: those of the node itself are all started when it is ready, but not all of them wait yet.
double goroutines(const TestNode& node) {
  return node.sum("novelo_goroutines");
}

// Asks until `condition` holds; false after 20 s. Between two looks the other side gets the processor.
template <class F>
bool eventually(F condition) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > give_up) return false;
    std::this_thread::yield();
  }
  return true;
}

std::string wire(const reflect::Type& type, const void* value) {
  return *reflect::to_wire(type, value);
}
template <class T>
std::string wire(const T& value) {
  return wire(reflect::type_of<T>(), &value);
}

std::string reason(const grpc::Status& status) {
  google::rpc::Status details;
  google::rpc::ErrorInfo info;
  if (!details.ParseFromString(status.error_details()) || details.details_size() == 0) return "";
  return details.details(0).UnpackTo(&info) ? info.reason() : "";
}

grpc::ByteBuffer buffer(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return {&slice, 1};
}

std::string text(const grpc::ByteBuffer& bytes) {
  grpc::Slice slice;
  EXPECT_TRUE(bytes.DumpToSingleSlice(&slice).ok());
  return {reinterpret_cast<const char*>(slice.begin()), slice.size()};
}

// A unary call of messages as bytes.
grpc::Status call(const TestNode& node, const std::string& method, const std::string& request,
                  std::string* reply = nullptr, grpc::ClientContext* own = nullptr) {
  grpc::GenericStub stub(node.channel());
  grpc::ClientContext local;
  const grpc::ByteBuffer in = buffer(request);
  grpc::ByteBuffer out;
  std::promise<grpc::Status> ended;
  stub.UnaryCall(own == nullptr ? &local : own, method, grpc::StubOptions(), &in, &out,
                 [&](grpc::Status status) { ended.set_value(std::move(status)); });
  grpc::Status status = ended.get_future().get();
  if (status.ok() && reply != nullptr) *reply = text(out);
  return status;
}

// A stream of messages as bytes, each operation waited for.
class Stream {
 public:
  Stream(const TestNode& node, const std::string& method) : stub_(node.channel()) {
    stream_ = stub_.PrepareCall(&context, method, &queue_);
    stream_->StartCall(tag());
    wait();
  }
  ~Stream() { queue_.Shutdown(); }

  bool write(const std::string& message) {
    stream_->Write(buffer(message), tag());
    return wait();
  }
  void writes_done() {
    stream_->WritesDone(tag());
    wait();
  }
  std::optional<std::string> read() {
    grpc::ByteBuffer in;
    stream_->Read(&in, tag());
    if (!wait()) return std::nullopt;
    return text(in);
  }
  grpc::Status finish() {
    grpc::Status status;
    stream_->Finish(&status, tag());
    wait();
    return status;
  }

  grpc::ClientContext context;

 private:
  void* tag() { return this; }
  bool wait() {
    void* got = nullptr;
    bool ok = false;
    return queue_.Next(&got, &ok) && ok;
  }

  grpc::GenericStub stub_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;
};

TEST(Server, AUnaryTaskIsAMethod) {
  TestNode node;
  std::string reply;
  ASSERT_TRUE(call(node, "/sample.Tasks/Add", wire(sample::AddRequest{40, 2}), &reply).ok());
  EXPECT_EQ(reply, wire(sample::AddReply{42}));
  EXPECT_EQ(node.sample(R"(novelo_rpc_handled_total{code="OK",method="/sample.Tasks/Add"})"), 1);
}

TEST(Server, ACallRunsItsTaskInTheNormalClassThoughTheNodeIsOfTheLatencyClass) {
  const TestNode node;
  std::string reply;
  ASSERT_TRUE(call(node, "/sample.Tasks/ShowsClass", "", &reply).ok());
  EXPECT_EQ(reply, wire(sample::AddReply{static_cast<std::int64_t>(Priority::kNormal)}));
}

TEST(Server, EachKindOfStreamReachesItsTask) {
  TestNode node;
  Stream count(node, "/sample.Tasks/Count");
  ASSERT_TRUE(count.write(wire(sample::CountRequest{3})));
  count.writes_done();
  for (const std::int64_t i : {1, 2, 3}) EXPECT_EQ(count.read(), wire(sample::AddReply{i}));
  EXPECT_EQ(count.read(), std::nullopt);
  EXPECT_TRUE(count.finish().ok());

  Stream sum(node, "/sample.Tasks/Sum");
  for (const std::int64_t i : {1, 2, 3}) ASSERT_TRUE(sum.write(wire(i)));
  sum.writes_done();
  EXPECT_EQ(sum.read(), wire(std::int64_t{6}));
  EXPECT_TRUE(sum.finish().ok());

  Stream upper(node, "/sample.Tasks/Upper");
  ASSERT_TRUE(upper.write(wire(std::string("one"))));
  EXPECT_EQ(upper.read(), wire(std::string("ONE")));  // before the input has ended
  ASSERT_TRUE(upper.write(wire(std::string("two"))));
  EXPECT_EQ(upper.read(), wire(std::string("TWO")));
  upper.writes_done();
  EXPECT_EQ(upper.read(), std::nullopt);
  EXPECT_TRUE(upper.finish().ok());
}

TEST(Server, ErrorsAndExceptionsOfATaskReachTheCallerWithTheirReason) {
  TestNode node;
  const grpc::Status failed = call(node, "/sample.Tasks/Fails", wire(sample::FailRequest{9, "the needle is lost"}));
  EXPECT_EQ(failed.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(failed.error_message(), "the needle is lost");
  EXPECT_EQ(reason(failed), "TASK_FAILED");
  const grpc::Status threw = call(node, "/sample.Tasks/Throws", wire(sample::FailRequest{0, "the yarn broke"}));
  EXPECT_EQ(threw.error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_NE(threw.error_message().find("the yarn broke"), std::string::npos);
  EXPECT_EQ(reason(threw), "TASK_THREW");
  const grpc::Status garbage = call(node, "/sample.Tasks/Add", "\xff\xff");
  EXPECT_EQ(garbage.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST(Server, CancellingACallUnwindsItsGoroutines) {
  TestNode node;
  const double before = goroutines(node);
  Stream waits(node, "/sample.Tasks/Waits");
  ASSERT_TRUE(waits.write(""));
  ASSERT_TRUE(eventually([&] { return goroutines(node) >= before + 2; }));
  waits.context.TryCancel();
  EXPECT_EQ(waits.finish().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(eventually([&] { return goroutines(node) <= before; }));
  EXPECT_TRUE(eventually(
      [&] { return node.sample(R"(novelo_rpc_handled_total{code="CANCELLED",method="/sample.Tasks/Waits"})") == 1; }));
}

TEST(Server, CancellingACallThatNobodyReadsUnwindsItsGoroutines) {
  TestNode node;
  const double before = goroutines(node);
  Stream pours(node, "/sample.Tasks/Pours");
  ASSERT_TRUE(pours.write(""));
  ASSERT_TRUE(pours.read().has_value());
  pours.context.TryCancel();
  EXPECT_EQ(pours.finish().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(eventually([&] { return goroutines(node) <= before; }));
}

TEST(Server, TheDeadlineOfACallEndsItsTask) {
  TestNode node;
  const double before = goroutines(node);
  const auto handled = [&node](const std::string& code) {
    return std::max(node.sample(R"(novelo_rpc_handled_total{code=")" + code + R"(",method="/sample.Tasks/Waits"})"),
                    0.0);
  };
  // The client, whose clock began earlier, may give a call up a moment before the node's own deadline for it: again
  // then, until the node was first.
  for (int calls = 1; calls <= 50 && handled("DEADLINE_EXCEEDED") == 0; ++calls) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(50));
    EXPECT_EQ(call(node, "/sample.Tasks/Waits", "", nullptr, &context).error_code(),
              grpc::StatusCode::DEADLINE_EXCEEDED);
    EXPECT_TRUE(eventually([&] { return goroutines(node) <= before; }));
    EXPECT_TRUE(eventually([&] { return handled("DEADLINE_EXCEEDED") + handled("CANCELLED") == calls; }));
  }
  EXPECT_EQ(handled("DEADLINE_EXCEEDED"), 1);
}

TEST(Server, AMessageBeyondTheLimitIsRefusedByTheNumbersOfThatLimit) {
  Config config;
  config.grpc_max_message_bytes = 4096;
  TestNode node(config);
  const grpc::Status status = call(node, "/sample.Tasks/Add", std::string(5000, '\0'));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_NE(status.error_message().find("5000"), std::string::npos) << status.error_message();
  EXPECT_NE(status.error_message().find("4096"), std::string::npos) << status.error_message();
  EXPECT_TRUE(call(node, "/sample.Tasks/Add", "").ok());
}

TEST(Server, ACallBeyondTheLimitIsRefusedByName) {
  Config config;
  config.grpc_max_calls = 1;
  TestNode node(config);
  Stream waits(node, "/sample.Tasks/Waits");
  ASSERT_TRUE(waits.write(""));
  ASSERT_TRUE(
      eventually([&] { return node.sample(R"(novelo_rpc_started_total{method="/sample.Tasks/Waits"})") == 1; }));
  const grpc::Status refused = call(node, "/sample.Tasks/Add", "");
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(reason(refused), "TOO_MANY_CALLS");
  EXPECT_NE(refused.error_message().find("grpc.max_calls = 1"), std::string::npos);
  waits.context.TryCancel();
  waits.finish();
  EXPECT_TRUE(eventually([&] { return call(node, "/sample.Tasks/Add", "").ok(); }));
}

TEST(Server, WithoutGoroutinesLeftACallIsRefusedAndTheNodeLives) {
  Config config;
  config.runtime_max_goroutines = 1000;
  TestNode node(config);
  Stream crowds(node, "/sample.Tasks/Crowds");
  ASSERT_TRUE(crowds.write(""));
  grpc::Status refused;
  ASSERT_TRUE(eventually([&] {
    refused = call(node, "/sample.Tasks/Add", "");
    return !refused.ok();
  }));
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(reason(refused), "TOO_MANY_GOROUTINES");
  EXPECT_NE(refused.error_message().find("the limit is 1000"), std::string::npos) << refused.error_message();
  EXPECT_GE(node.sample(R"(novelo_admission_rejected_total{reason="max_goroutines"})"), 1);
  crowds.context.TryCancel();
  crowds.finish();
  EXPECT_TRUE(eventually([&] { return call(node, "/sample.Tasks/Add", "").ok(); }));
}

TEST(Server, WithoutGoroutinesLeftTheNodeStopsAllTheSame) {
  Config config;
  config.runtime_max_goroutines = 1000;
  config.drain_timeout = absl::ZeroDuration();
  TestNode node(config);
  Stream crowds(node, "/sample.Tasks/Crowds");
  ASSERT_TRUE(crowds.write(""));
  ASSERT_TRUE(eventually([&] { return !call(node, "/sample.Tasks/Add", "").ok(); }));
  EXPECT_EQ(node.stop(), ExitCode::kDone);
  EXPECT_FALSE(crowds.finish().ok());
}

TEST(Server, AnUnknownMethodIsUnimplementedAndNamesTheNearest) {
  TestNode node;
  const grpc::Status status = call(node, "/sample.Tasks/Ad", "");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_NE(status.error_message().find("/sample.Tasks/Add"), std::string::npos) << status.error_message();
  EXPECT_EQ(node.sample(R"(novelo_admission_rejected_total{reason="unknown_method"})"), 1);
}

TEST(Server, TasksAreListedInPagesAndDescribed) {
  TestNode node;
  const auto stub = v1::TaskService::NewStub(node.channel());
  v1::ListTasksRequest list;
  list.set_prefix("sample.");
  list.set_page_size(2);
  std::vector<std::string> names;
  do {
    grpc::ClientContext context;
    v1::ListTasksResponse page;
    ASSERT_TRUE(stub->ListTasks(&context, list, &page).ok());
    for (const v1::Task& task : page.tasks()) names.push_back(task.name());
    list.set_page_token(page.next_page_token());
  } while (!list.page_token().empty());
  EXPECT_EQ(names.size(), 12U);
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));

  grpc::ClientContext context;
  v1::GetTaskRequest get;
  get.set_name("sample.everything");
  v1::Task task;
  ASSERT_TRUE(stub->GetTask(&context, get, &task).ok());
  EXPECT_EQ(task.method(), "/sample.Tasks/Everything");
  EXPECT_EQ(task.input_fields(2).name(), "top");
  EXPECT_EQ(task.input_fields(2).default_json(), "10");
  EXPECT_EQ(task.input_fields(8).enum_values(1), "COLOR_DARK_GREEN");
  EXPECT_EQ(task.input_fields(12).type(), "map<string, int64>");
  EXPECT_GT(task.file_descriptor_set().file_size(), 2);

  grpc::ClientContext other;
  get.set_name("sample.everythin");
  const grpc::Status unknown = stub->GetTask(&other, get, &task);
  EXPECT_EQ(unknown.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(reason(unknown), "TASK_NOT_FOUND");
}

TEST(Server, AJobGoesFromSubmissionToItsEnd) {
  TestNode node;
  const auto stub = v1::JobService::NewStub(node.channel());
  v1::SubmitJobRequest submit;
  submit.set_task("sample.add");
  submit.set_input_json(R"({"a": 40, "b": 2})");
  (*submit.mutable_labels())["team"] = "web";
  v1::Job job;
  {
    grpc::ClientContext context;
    ASSERT_TRUE(stub->SubmitJob(&context, submit, &job).ok());
    EXPECT_EQ(job.durability(), v1::DURABILITY_MEMORY);
  }
  v1::WaitJobRequest wait;
  wait.set_id(job.id());
  {
    grpc::ClientContext context;
    ASSERT_TRUE(stub->WaitJob(&context, wait, &job).ok());
    EXPECT_EQ(job.state(), v1::JOB_STATE_SUCCEEDED);
    EXPECT_EQ(job.results(0).json(), R"({"sum":"42"})");
    EXPECT_EQ(job.input().json(), R"({"a":"40","b":"2"})");
  }
  {
    grpc::ClientContext context;
    v1::WatchJobRequest watch;
    watch.set_id(job.id());
    const auto reader = stub->WatchJob(&context, watch);
    v1::WatchJobResponse last;
    while (reader->Read(&last)) continue;
    EXPECT_TRUE(reader->Finish().ok());
    EXPECT_EQ(last.job().results_size(), 1);
  }
  {
    grpc::ClientContext context;
    v1::ListJobsRequest list;
    list.set_filter("state=SUCCEEDED AND labels.team=web");
    v1::ListJobsResponse page;
    ASSERT_TRUE(stub->ListJobs(&context, list, &page).ok());
    ASSERT_EQ(page.jobs_size(), 1);
    EXPECT_EQ(page.jobs(0).results_size(), 0);
  }
  {
    grpc::ClientContext context;
    v1::DeleteJobRequest erase;
    erase.set_id(job.id());
    google::protobuf::Empty empty;
    ASSERT_TRUE(stub->DeleteJob(&context, erase, &empty).ok());
    grpc::ClientContext again;
    v1::GetJobRequest get;
    get.set_id(job.id());
    EXPECT_EQ(stub->GetJob(&again, get, &job).error_code(), grpc::StatusCode::NOT_FOUND);
  }
}

TEST(Server, AWaitReturnsTheJobAsItIsWhenItsTimeoutHasPassed) {
  TestNode node;
  const auto stub = v1::JobService::NewStub(node.channel());
  v1::SubmitJobRequest submit;
  submit.set_task("sample.waits");
  v1::Job job;
  grpc::ClientContext first;
  ASSERT_TRUE(stub->SubmitJob(&first, submit, &job).ok());
  v1::WaitJobRequest wait;
  wait.set_id(job.id());
  *wait.mutable_timeout() = to_proto(absl::Milliseconds(20));
  grpc::ClientContext second;
  ASSERT_TRUE(stub->WaitJob(&second, wait, &job).ok());
  EXPECT_EQ(job.state(), v1::JOB_STATE_RUNNING);
  v1::CancelJobRequest cancel;
  cancel.set_id(job.id());
  grpc::ClientContext third;
  ASSERT_TRUE(stub->CancelJob(&third, cancel, &job).ok());
  wait.clear_timeout();
  grpc::ClientContext fourth;
  ASSERT_TRUE(stub->WaitJob(&fourth, wait, &job).ok());
  EXPECT_EQ(job.state(), v1::JOB_STATE_CANCELLED);
}

template <class Service, class Request, class Response>
void check_reflection(const TestNode& node) {
  const auto stub = Service::NewStub(node.channel());
  grpc::ClientContext context;
  const auto stream = stub->ServerReflectionInfo(&context);
  Request request;
  Response response;
  request.set_list_services("*");
  ASSERT_TRUE(stream->Write(request) && stream->Read(&response));
  std::vector<std::string> names;
  for (const auto& service : response.list_services_response().service()) names.push_back(service.name());
  for (const char* name : {"sample.Tasks", "novelo.v1.JobService", "novelo.v1.RuntimeService", "grpc.health.v1.Health",
                           "grpc.reflection.v1.ServerReflection"}) {
    EXPECT_NE(std::find(names.begin(), names.end(), name), names.end()) << name;
  }
  for (const char* symbol : {"sample.Tasks.Add", "sample.Everything", "novelo.v1.Job", "sample.Color"}) {
    request.set_file_containing_symbol(symbol);
    ASSERT_TRUE(stream->Write(request) && stream->Read(&response));
    EXPECT_GT(response.file_descriptor_response().file_descriptor_proto_size(), 0) << symbol;
  }
  request.set_file_by_filename("sample/tasks.proto");
  ASSERT_TRUE(stream->Write(request) && stream->Read(&response));
  google::protobuf::FileDescriptorProto file;
  ASSERT_TRUE(file.ParseFromString(response.file_descriptor_response().file_descriptor_proto(0)));
  EXPECT_EQ(file.name(), "sample/tasks.proto");
  request.set_file_containing_symbol("no.such.Thing");
  ASSERT_TRUE(stream->Write(request) && stream->Read(&response));
  EXPECT_EQ(response.error_response().error_code(), grpc::StatusCode::NOT_FOUND);
  request.set_all_extension_numbers_of_type("novelo.v1.Job");
  ASSERT_TRUE(stream->Write(request) && stream->Read(&response));
  EXPECT_EQ(response.error_response().error_code(), grpc::StatusCode::NOT_FOUND);
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

TEST(Server, ReflectionKnowsTasksAndServicesInBothVersions) {
  TestNode node;
  check_reflection<grpc::reflection::v1::ServerReflection, grpc::reflection::v1::ServerReflectionRequest,
                   grpc::reflection::v1::ServerReflectionResponse>(node);
  check_reflection<grpc::reflection::v1alpha::ServerReflection, grpc::reflection::v1alpha::ServerReflectionRequest,
                   grpc::reflection::v1alpha::ServerReflectionResponse>(node);
}

TEST(Server, TheNodeDescribesItself) {
  TestNode node;
  const auto stub = v1::NodeService::NewStub(node.channel());
  grpc::ClientContext context;
  v1::Node described;
  ASSERT_TRUE(stub->GetNode(&context, v1::GetNodeRequest(), &described).ok());
  EXPECT_EQ(described.name(), "test");
  EXPECT_EQ(described.state(), v1::NODE_STATE_READY);
  EXPECT_EQ(described.grpc_addresses(0), node.grpc_address());
  v1::GetNodeRequest other;
  other.set_name("elsewhere");
  grpc::ClientContext again;
  EXPECT_EQ(stub->GetNode(&again, other, &described).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST(Server, TheRuntimeCollectsGarbageAndSaysWhatIsLeft) {
  TestNode node;
  const auto stub = v1::RuntimeService::NewStub(node.channel());
  v1::CollectGarbageResponse first;
  grpc::ClientContext context;
  ASSERT_TRUE(stub->CollectGarbage(&context, v1::CollectGarbageRequest(), &first).ok());
  EXPECT_GE(first.cycles(), 1);
  EXPECT_GT(from_proto(first.elapsed()), absl::ZeroDuration());
  EXPECT_GT(first.goal_bytes(), first.live_bytes());
  v1::CollectGarbageResponse second;
  grpc::ClientContext again;
  ASSERT_TRUE(stub->CollectGarbage(&again, v1::CollectGarbageRequest(), &second).ok());
  EXPECT_EQ(second.cycles(), first.cycles() + 1);
  EXPECT_GE(second.freed_objects(), 0);
  EXPECT_GE(second.freed_bytes(), 0);
}

TEST(Server, HttpSaysAliveReadyAndNothingElse) {
  TestNode node;
  EXPECT_EQ(node.http_get("/healthz").first, 200);
  EXPECT_EQ(node.http_get("/readyz").first, 200);
  EXPECT_EQ(node.http_get("/metrics").first, 200);
  EXPECT_EQ(node.http_get("/metrics/more").first, 404);
}

TEST(Server, DrainingFinishesWhatRunsRefusesWhatIsNewAndSaysSo) {
  TestNode node;
  const auto health = grpc::health::v1::Health::NewStub(node.channel());
  grpc::ClientContext watching;
  const auto watch = health->Watch(&watching, grpc::health::v1::HealthCheckRequest());
  grpc::health::v1::HealthCheckResponse seen;
  ASSERT_TRUE(watch->Read(&seen));
  EXPECT_EQ(seen.status(), grpc::health::v1::HealthCheckResponse::SERVING);
  Stream upper(node, "/sample.Tasks/Upper");
  ASSERT_TRUE(upper.write(wire(std::string("one"))));
  ASSERT_TRUE(upper.read().has_value());

  node.server().stop();
  ASSERT_TRUE(watch->Read(&seen));
  EXPECT_EQ(seen.status(), grpc::health::v1::HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(node.http_get("/readyz").first, 503);
  EXPECT_EQ(node.http_get("/healthz").first, 200);
  const grpc::Status refused = call(node, "/sample.Tasks/Add", "");
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(reason(refused), "NODE_DRAINING");

  ASSERT_TRUE(upper.write(wire(std::string("two"))));
  EXPECT_EQ(upper.read(), wire(std::string("TWO")));
  upper.writes_done();
  EXPECT_EQ(upper.read(), std::nullopt);
  EXPECT_TRUE(upper.finish().ok());
  EXPECT_FALSE(watch->Read(&seen));
  EXPECT_EQ(watch->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST(Server, WhatDoesNotFinishInTimeIsCancelled) {
  Config config;
  config.drain_timeout = absl::Milliseconds(50);
  TestNode node(config);
  const auto jobs = v1::JobService::NewStub(node.channel());
  v1::SubmitJobRequest submit;
  submit.set_task("sample.waits");
  grpc::ClientContext submitting;
  v1::Job job;
  ASSERT_TRUE(jobs->SubmitJob(&submitting, submit, &job).ok());
  Stream waits(node, "/sample.Tasks/Waits");
  ASSERT_TRUE(waits.write(""));
  ASSERT_TRUE(
      eventually([&] { return node.sample(R"(novelo_rpc_started_total{method="/sample.Tasks/Waits"})") == 1; }));
  EXPECT_EQ(node.stop(), ExitCode::kDone);
  EXPECT_FALSE(waits.finish().ok());
}

TEST(Server, APortThatIsTakenIsNamed) {
  TestNode node;
  const auto why = why_not_listen(*parse_address(node.grpc_address()));
  EXPECT_NE(why.find("in use"), std::string::npos) << why;
}

TEST(Server, ManyCallsAtOnceLeaveNothingBehind) {
  TestNode node;
  ASSERT_TRUE(call(node, "/sample.Tasks/Add", "").ok());
  const double before = goroutines(node);
  constexpr int kCalls = 2000;
  grpc::GenericStub stub(node.channel());
  std::mutex mutex;
  std::condition_variable done;
  int left = kCalls;
  int failed = 0;
  struct One {
    grpc::ClientContext context;
    grpc::ByteBuffer in;
    grpc::ByteBuffer out;
  };
  std::vector<One> calls(kCalls);
  for (One& one : calls) {
    one.in = buffer(wire(sample::AddRequest{1, 2}));
    stub.UnaryCall(&one.context, "/sample.Tasks/Add", grpc::StubOptions(), &one.in, &one.out,
                   [&](const grpc::Status& status) {
                     const std::lock_guard lock(mutex);
                     failed += status.ok() ? 0 : 1;
                     if (--left == 0) done.notify_one();
                   });
  }
  std::unique_lock lock(mutex);
  done.wait(lock, [&] { return left == 0; });
  EXPECT_EQ(failed, 0);
  EXPECT_TRUE(eventually([&] { return goroutines(node) <= before; }));
}

}  // namespace
}  // namespace novelo::daemon
