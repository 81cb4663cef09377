// client/cli/session.h
// What one run of `novelo` has to work with: its streams, the global flags, the server. Made by dispatch.cc, used by
// every verb, on the main thread.
#ifndef NOVELO_CLIENT_CLI_SESSION_H_
#define NOVELO_CLIENT_CLI_SESSION_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <memory>
#include <optional>
#include <ostream>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "address.h"
#include "command.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "interrupt.h"
#include "novelo/v1/job.grpc.pb.h"
#include "novelo/v1/node.grpc.pb.h"
#include "novelo/v1/runtime.grpc.pb.h"
#include "novelo/v1/task.grpc.pb.h"
#include "print.h"
#include "task_schema.h"

namespace novelo::cli {

// How long the server may take for a question that a healthy one answers at once.
inline constexpr absl::Duration kAnswerTimeout = absl::Seconds(30);

// The world around the program. A test hands in its own.
struct World {
  std::ostream& out;  // data
  std::ostream& err;  // talk
  int in_fd = 0;
  bool is_in_terminal = false;
  bool is_out_terminal = false;
  bool is_err_terminal = false;
  Environment environment;
  Interrupt* interrupt = nullptr;  // null: Ctrl-C keeps its default
};

class Session {
 public:
  explicit Session(const World& world);

  // Takes in the global flags. kInvalidArgument names the wrong one.
  absl::Status configure(const Arguments& arguments);

  const World& world() const { return world_; }
  std::ostream& out() { return world_.out; }
  bool is_quiet() const { return is_quiet_; }
  bool shows_progress() const { return world_.is_err_terminal && !is_quiet_; }

  // A line on stderr: for everyone, unless -q; only with -v; an error, whatever the flags.
  void say(const std::string& line);
  void tell(const std::string& line);
  // Prints the error in human words and returns the exit code it means.
  ExitCode fail(const absl::Status& status);
  // The same for a wrong command line, pointing at `command --help`.
  ExitCode usage(const absl::Status& status, const std::string& command);

  // The form asked for, or else `natural`.
  PrintOptions print_options(OutputForm natural = OutputForm::kTable) const;
  std::optional<OutputForm> form() const { return form_; }
  // Prints `answer` and says how the command ended.
  ExitCode show(const Answer& answer, OutputForm natural = OutputForm::kTable);
  // Flushes stdout; kDataLoss when it could not be written in full.
  absl::Status flush();

  // When --timeout ends; InfiniteFuture without one.
  absl::Time deadline() const { return deadline_; }
  // Of a question that is answered at once.
  std::unique_ptr<grpc::ClientContext> question() const;
  // Of one that takes as long as the server is large: --timeout alone bounds it.
  std::unique_ptr<grpc::ClientContext> long_question() const;

  // The server. Nothing is sent before the first question.
  absl::Status connect();
  const Address& address() const { return address_; }
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }
  std::unique_ptr<v1::TaskService::Stub> tasks() const { return v1::TaskService::NewStub(channel_); }
  std::unique_ptr<v1::JobService::Stub> jobs() const { return v1::JobService::NewStub(channel_); }
  std::unique_ptr<v1::NodeService::Stub> nodes() const { return v1::NodeService::NewStub(channel_); }
  std::unique_ptr<v1::RuntimeService::Stub> runtime() const { return v1::RuntimeService::NewStub(channel_); }
  std::unique_ptr<grpc::health::v1::Health::Stub> health() const { return grpc::health::v1::Health::NewStub(channel_); }
  // The task with its types, from the server.
  absl::StatusOr<std::shared_ptr<const client::TaskSchema>> schema(const std::string& task) const;

 private:
  World world_;
  std::optional<OutputForm> form_;
  bool has_headers_ = true;
  bool is_quiet_ = false;
  bool is_verbose_ = false;
  bool has_color_allowed_ = true;
  std::optional<std::string> address_flag_;
  absl::Time deadline_ = absl::InfiniteFuture();
  Address address_;
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace novelo::cli

#endif  // NOVELO_CLIENT_CLI_SESSION_H_
