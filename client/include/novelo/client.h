// novelo/client.h: calls tasks and runs jobs on a novelod, from any C++ program.
//
//   absl::StatusOr<novelo::Client> client = novelo::Client::connect("127.0.0.1:7570");
//   absl::StatusOr<std::string> reply = client->call("text.word_count", R"({"path": "/usr/share/doc", "top": 3})");
//
// Messages are JSON by protobuf's mapping, with the field names of the task's structs; 64-bit integers come as strings.
//
//   threads   a Client may be used by many threads at once, and moved while none uses it; every call blocks its thread
//   cost      the first call of a task asks the server for its description; later ones are one round trip
//   errors    absl::Status with gRPC's codes. What else the server said, google.rpc.Status in protobuf's binary form,
//             is its payload "type.googleapis.com/google.rpc.Status". A server that is not there is kUnavailable.
//   needs     nothing of the runtime: a program that links novelo::client has no goroutines
//   tested    tests/unit/client/client_test.cc; client/examples/call_task.cc is a whole program
#ifndef NOVELO_CLIENT_H_
#define NOVELO_CLIENT_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace novelo {

// A function registered on the server.
struct TaskInfo {
  std::string name;            // "text.word_count"
  std::string doc;             // what it does, in its author's words
  std::string method;          // the typed gRPC method: "/text.Tasks/WordCount"
  bool reads_stream = false;   // takes any number of messages instead of one
  bool writes_stream = false;  // answers with any number of messages instead of one
  std::string module;          // what it came from: "builtin", or a shared object's name
  std::string version;         // of that module
};

enum class JobState { kQueued, kRunning, kSucceeded, kFailed, kCancelled };

// One run of a task that outlives the call that asked for it.
struct JobInfo {
  std::string id;
  std::string task;
  JobState state = JobState::kQueued;
  int attempt = 0;                   // of the run that goes on or was the last; 0 before the first
  std::vector<std::string> results;  // JSON, one of a unary task, every message in order of a streaming one
  absl::Status error;                // why it failed or was cancelled; OK otherwise
  absl::Time create_time = absl::InfinitePast();
  absl::Time end_time = absl::InfiniteFuture();  // infinite until it has ended

  bool has_ended() const { return state != JobState::kQueued && state != JobState::kRunning; }
};

struct CallOptions {
  absl::Duration timeout = absl::InfiniteDuration();  // then the call ends with kDeadlineExceeded, on the server too
};

struct SubmitOptions {
  std::string request_id;                              // makes a repeated submission return the first one's job
  absl::Duration deadline = absl::InfiniteDuration();  // for the job as a whole
  int max_attempts = 1;
  int priority = 0;
  std::map<std::string, std::string> labels;
};

class Client {
 public:
  // Of the server at "host:port", "[v6]:port" or "unix:/path"; a port left out is 7570. Returns when it answers, or
  // with kUnavailable when it does not within `timeout`.
  static absl::StatusOr<Client> connect(const std::string& address, absl::Duration timeout = absl::Seconds(5));

  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  ~Client();

  // The tasks of the server, by name.
  absl::StatusOr<std::vector<TaskInfo>> tasks();

  // Runs a task now and returns its answer. Of a task that answers with a stream, the messages one a line.
  absl::StatusOr<std::string> call(const std::string& task, const std::string& json, const CallOptions& options = {});

  // Runs a task now and hands over each message it answers with, in the thread of the caller, while it runs. The call
  // is cancelled when `on_reply` returns an error, which is returned then.
  absl::Status call(const std::string& task, const std::string& json,
                    const std::function<absl::Status(const std::string& json)>& on_reply,
                    const CallOptions& options = {});

  // Stores a job of a task and returns it; it runs when its turn comes.
  absl::StatusOr<JobInfo> submit(const std::string& task, const std::string& json, const SubmitOptions& options = {});
  absl::StatusOr<JobInfo> job(const std::string& id);
  // Returns the job when it has ended; kDeadlineExceeded when `timeout` passed before that.
  absl::StatusOr<JobInfo> wait(const std::string& id, absl::Duration timeout = absl::InfiniteDuration());
  // Asks for the end of a job; wait() tells when it has come. A job that has ended stays as it is.
  absl::StatusOr<JobInfo> cancel(const std::string& id);
  // Forgets a job that has ended.
  absl::Status remove(const std::string& id);

 private:
  class State;
  explicit Client(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace novelo

#endif  // NOVELO_CLIENT_H_
