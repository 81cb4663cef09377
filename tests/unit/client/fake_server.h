// tests/unit/client/fake_server.h
// A server in the test's own process, on a free port, that answers as novelod does: the tasks of sample_task.h, their
// typed methods, jobs in memory, node, runtime and health. What a method does can be replaced by the test.
#ifndef NOVELO_TESTS_UNIT_CLIENT_FAKE_SERVER_H_
#define NOVELO_TESTS_UNIT_CLIENT_FAKE_SERVER_H_

#include <grpcpp/server.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "novelo/v1/job.grpc.pb.h"
#include "task_schema.h"

namespace novelo::testing {

// One call of a typed method, on the server's side.
class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual std::unique_ptr<google::protobuf::Message> read() = 0;  // null: the end of the input
  virtual bool write_json(const std::string& json) = 0;           // one message of the output type
  virtual bool is_cancelled() = 0;
  virtual absl::Time deadline() = 0;
  virtual const client::TaskSchema& schema() = 0;
};

using Method = std::function<grpc::Status(Exchange&)>;

// A status as novelod sends it: with a google.rpc.Status of these details.
grpc::Status with_details(grpc::StatusCode code, const std::string& message,
                          const std::vector<const google::protobuf::Message*>& details);
grpc::Status with_reason(grpc::StatusCode code, const std::string& message, const std::string& reason);

class FakeServer {
 public:
  FakeServer();
  ~FakeServer();
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  const std::string& address() const { return address_; }

  // Replaces what a task does; also that of its jobs, whose result is what it writes.
  void set_method(const std::string& task, Method method);
  // Ends the server as a crash would.
  void stop();

  // How jobs are: the one with this id as the server knows it, and whether a client watches one now.
  std::optional<v1::Job> job(const std::string& id);
  void wait_for_watcher();
  v1::SubmitJobRequest last_submit();
  // From now on jobs stay RUNNING until they are cancelled or this is called with false.
  void hold_jobs(bool hold);
  void set_health(int serving_status);

 private:
  class State;
  std::unique_ptr<State> state_;
  std::string address_;
};

}  // namespace novelo::testing

#endif  // NOVELO_TESTS_UNIT_CLIENT_FAKE_SERVER_H_
