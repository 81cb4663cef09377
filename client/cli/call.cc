// client/cli/call.cc
// novelo call: runs a task now, by its typed method. The main thread reads the replies; of a task that reads a stream a
// second thread sends stdin's lines. The end of the call ends both, and Ctrl-C ends the call.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "byte_call.h"
#include "commands.h"
#include "line_reader.h"
#include "message_json.h"
#include "progress.h"
#include "reply_view.h"
#include "stream_printer.h"
#include "task_input.h"

namespace novelo::cli {
namespace {

constexpr absl::Duration kTick = absl::Milliseconds(200);  // how often the progress line moves

Verb call_verb();

// Sends lines of JSON as the messages of a call, in a thread of its own, until their end or the call's.
class LineSender {
 public:
  LineSender(const client::TaskSchema& schema, int fd, client::ByteCall& call)
      : schema_(schema), lines_(fd), call_(call), thread_([this] { status_ = send(); }) {}
  ~LineSender() {
    if (thread_.joinable()) (void)stop();
  }
  LineSender(const LineSender&) = delete;
  LineSender& operator=(const LineSender&) = delete;

  // Ends the sending and says what was wrong with the input.
  absl::Status stop() {
    lines_.stop();
    thread_.join();
    return status_;
  }

 private:
  absl::Status send() {
    for (int number = 1;; ++number) {
      absl::StatusOr<std::optional<std::string>> line = lines_.next();
      absl::Status status = line.status();
      if (status.ok() && !line->has_value()) {
        call_.writes_done();
        return absl::OkStatus();
      }
      if (status.ok() && (*line)->find_first_not_of(" \t\r") == std::string::npos) continue;
      const auto message = schema_.new_input();
      if (status.ok()) status = client::merge_json(**line, message.get());
      if (!status.ok()) {
        call_.cancel();
        return absl::Status(status.code(), absl::StrCat("line ", number, " of the input: ", status.message()));
      }
      if (!call_.write(message->SerializeAsString())) return absl::OkStatus();  // the call says why
    }
  }

  const client::TaskSchema& schema_;
  LineReader lines_;
  client::ByteCall& call_;
  absl::Status status_;  // written by the thread, read after its end
  std::thread thread_;
};

// Prints each reply as it comes; returns what was wrong with one.
absl::Status print_replies(Session& session, const client::TaskSchema& schema, client::ByteCall& call,
                           StreamPrinter& stream) {
  Progress progress(session);
  while (true) {
    if (!call.read_ready(absl::ZeroDuration())) {
      if (absl::Status status = session.flush(); !status.ok()) return status;
      while (!call.read_ready(kTick)) progress.show(absl::StrCat(schema.name(), " runs"));
    }
    progress.clear();
    const std::optional<std::string> bytes = call.read();
    if (!bytes) return session.flush();
    const auto reply = schema.parse_output(*bytes);
    if (!reply.ok()) return reply.status();
    absl::Status status;
    if (schema.writes_stream()) {
      status = stream.print(**reply);
    } else {
      const Answer answer{.view = reply_view(**reply), .messages = {reply->get()}};
      status = print(answer, session.print_options(), session.out());
    }
    if (!status.ok()) return status;
  }
}

ExitCode call_task(Session& session, const client::TaskSchema& schema, const Arguments& arguments) {
  StreamPrinter stream(session, OutputForm::kJsonl, reply_columns(schema.output()), reply_cells);
  if (session.form() == OutputForm::kName) {
    return session.usage(absl::InvalidArgumentError("-o name: a reply has no name; use table, json, jsonl or yaml"),
                         "novelo call");
  }

  // A task that reads a stream gets one message from flags, any number from a file or stdin.
  const bool sends_lines = schema.reads_stream() && arguments.fields.empty();
  std::unique_ptr<google::protobuf::Message> input;
  int lines_fd = session.world().in_fd;
  const std::string path = arguments.value("json").value_or("-");
  if (!sends_lines) {
    auto one = one_input(session, call_verb(), schema, arguments);
    if (!one.ok()) {
      return absl::IsInvalidArgument(one.status()) ? session.usage(one.status(), "novelo call " + schema.name())
                                                   : session.fail(one.status());
    }
    input = *std::move(one);
  } else if (path != "-") {
    lines_fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (lines_fd < 0) return session.fail(absl::ErrnoToStatus(errno, "--json " + path));
  } else if (session.world().is_in_terminal) {
    session.say(absl::StrCat(schema.name(), " reads messages: one of JSON a line, Ctrl-D ends them"));
  }

  const absl::Time start = absl::Now();
  client::ByteCall call(session.channel(), schema.task().method(), session.deadline());
  std::optional<Interrupt::Wait> wait;
  if (session.world().interrupt != nullptr) wait.emplace(*session.world().interrupt, [&call] { call.cancel(); });

  call.start();
  std::optional<LineSender> sender;
  if (sends_lines) {
    sender.emplace(schema, lines_fd, call);
  } else {
    call.write_last(input->SerializeAsString());
  }
  const absl::Status printed = print_replies(session, schema, call, stream);
  if (!printed.ok()) call.cancel();
  const absl::Status sent = sender ? sender->stop() : absl::OkStatus();
  const absl::Status status = call.finish();
  wait.reset();
  if (lines_fd != session.world().in_fd) close(lines_fd);
  session.tell(absl::StrCat(schema.task().method(), " took ", absl::FormatDuration(absl::Now() - start)));

  if (session.world().interrupt != nullptr && session.world().interrupt->came()) {
    session.say(absl::StrCat("cancelled ", schema.name()));
    return ExitCode::kInterrupted;
  }
  if (!printed.ok()) return session.fail(printed);
  if (!sent.ok()) return session.usage(sent, "novelo call " + schema.name());
  return status.ok() ? ExitCode::kDone : session.fail(status);
}

ExitCode run_call(Session& session, const Arguments& arguments) {
  if (absl::Status status = session.connect(); !status.ok()) return session.fail(status);
  const auto schema = session.schema(arguments.positional[0]);
  if (!schema.ok()) return session.fail(schema.status());
  return call_task(session, **schema, arguments);
}

Verb call_verb() {
  return {.name = "",
          .summary = "Runs a task now and prints its answer",
          .arguments = {{.name = "TASK", .meaning = Meaning::kTask}},
          .flags = {json_flag()},
          .examples = {"novelo call text.word_count --path /usr/share/common-licenses --top 5",
                       "novelo call text.grep --pattern 'free software' --path /usr/share/common-licenses | jq .line",
                       "echo '{\"path\": \"/etc\"}' | novelo call text.word_count --json - -o json"},
          .notes =
              "The flags of TASK's own fields: novelo call TASK --help\n"
              "Nested fields are written with dots, lists by repeating the flag, maps as key=value, bools as --x or\n"
              "--no-x. A task that answers with a stream prints one line of JSON a message, one that reads a stream\n"
              "takes them so from stdin. Ctrl-C cancels the call.",
          .takes_fields = true,
          .run = run_call};
}

}  // namespace

Noun call_noun() {
  return {.name = "call", .summary = "Run a task now and print its answer", .verbs = {call_verb()}};
}

}  // namespace novelo::cli
