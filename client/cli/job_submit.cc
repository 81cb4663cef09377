// client/cli/job_submit.cc
// The task's fields are checked here, against its types, so that a wrong one is told before anything is stored.
#include "job_submit.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "job_wait.h"
#include "parse.h"
#include "rpc_status.h"
#include "session.h"
#include "task_input.h"
#include "wire_time.h"

namespace novelo::cli {
namespace {

absl::Status set_durations(const Arguments& arguments, v1::SubmitJobRequest& request) {
  if (const auto text = arguments.value("deadline")) {
    const auto deadline = parse_duration("deadline", *text);
    if (!deadline.ok()) return deadline.status();
    *request.mutable_deadline() = client::to_wire(*deadline);
  }
  if (const auto text = arguments.value("initial-backoff")) {
    const auto backoff = parse_duration("initial-backoff", *text);
    if (!backoff.ok()) return backoff.status();
    *request.mutable_retry_policy()->mutable_initial_backoff() = client::to_wire(*backoff);
  }
  if (const auto text = arguments.value("max-backoff")) {
    const auto backoff = parse_duration("max-backoff", *text);
    if (!backoff.ok()) return backoff.status();
    *request.mutable_retry_policy()->mutable_max_backoff() = client::to_wire(*backoff);
  }
  if (const auto text = arguments.value("not-before")) {
    const auto time = parse_time("not-before", *text);
    if (!time.ok()) return time.status();
    *request.mutable_not_before() = client::to_wire(*time);
  }
  return absl::OkStatus();
}

// What the flags of the verb say about the job.
absl::Status set_options(const Arguments& arguments, v1::SubmitJobRequest& request) {
  request.set_request_id(arguments.value("request-id").value_or(""));
  request.set_queue(arguments.value("queue").value_or(""));
  request.set_concurrency_key(arguments.value("concurrency-key").value_or(""));
  if (const auto node = arguments.value("node")) request.mutable_placement()->set_node(*node);
  if (const auto text = arguments.value("max-attempts")) {
    const auto attempts = parse_int("max-attempts", *text, 1, 100);
    if (!attempts.ok()) return attempts.status();
    request.mutable_retry_policy()->set_max_attempts(*attempts);
  }
  if (const auto text = arguments.value("priority")) {
    const auto priority = parse_int("priority", *text, -100, 100);
    if (!priority.ok()) return priority.status();
    request.set_priority(*priority);
  }
  for (const std::string& label : arguments.values("label")) {
    const std::size_t equals = label.find('=');
    if (equals == std::string::npos || equals == 0) {
      return absl::InvalidArgumentError(absl::StrCat("--label: \"", label, "\" is not KEY=VALUE"));
    }
    (*request.mutable_labels())[label.substr(0, equals)] = label.substr(equals + 1);
  }
  return set_durations(arguments, request);
}

ExitCode run_submit(Session& session, const Arguments& arguments) {
  v1::SubmitJobRequest request;
  request.set_task(arguments.positional[0]);
  if (absl::Status status = set_options(arguments, request); !status.ok()) {
    return session.usage(status, "novelo job submit");
  }
  if (absl::Status status = session.connect(); !status.ok()) return session.fail(status);
  const auto schema = session.schema(request.task());
  if (!schema.ok()) return session.fail(schema.status());
  const auto input = one_input(session, job_submit_verb(), **schema, arguments);
  if (!input.ok()) {
    return absl::IsInvalidArgument(input.status())
               ? session.usage(input.status(), "novelo job submit " + request.task())
               : session.fail(input.status());
  }
  request.set_input_proto((*input)->SerializeAsString());

  // A Ctrl-C while the job is being stored must not lose its id: it detaches once there is something to detach from.
  const bool follows = arguments.has("follow");
  const bool waits = follows || arguments.has("wait");
  std::optional<Interrupt::Wait> detach_later;
  if (waits && session.world().interrupt != nullptr) detach_later.emplace(*session.world().interrupt, [] {});
  v1::Job job;
  const auto context = session.question();
  const grpc::Status status = session.jobs()->SubmitJob(context.get(), request, &job);
  if (!status.ok()) return session.fail(client::from_grpc(status));
  if (!waits) {
    const Answer answer{.view = {Text{job.id() + "\n"}}, .messages = {&job}, .names = {job.id()}};
    const ExitCode code = session.show(answer);
    if (session.shows_progress()) session.say(absl::StrCat("wait for it with: novelo job wait ", job.id()));
    return code;
  }
  session.tell(absl::StrCat("job ", job.id()));
  ExitCode code = ExitCode::kDone;
  const std::optional<v1::Job> ended = wait_for_end(session, job.id(), follows, code);
  return ended ? show_outcome(session, *ended) : code;
}

}  // namespace

Verb job_submit_verb() {
  return {
      .name = "submit",
      .summary = "Runs a task as a job and prints the job's id, or with --wait its result",
      .arguments = {{.name = "TASK", .meaning = Meaning::kTask}},
      .flags = {{.name = "wait", .doc = "Wait for the end; the job's outcome is the exit code"},
                {.name = "follow", .doc = "As --wait, and tell each change of the job on stderr"},
                json_flag(),
                {.name = "request-id",
                 .value = "ID",
                 .doc = "Submitting again with the same id gives the job that was made the first time"},
                {.name = "deadline",
                 .value = "DURATION",
                 .doc = "Give the job up after so long, waits and retries included"},
                {.name = "max-attempts", .value = "N", .doc = "Run it up to so many times if it fails, 1 to 100"},
                {.name = "initial-backoff", .value = "DURATION", .doc = "Wait so long after the first failure"},
                {.name = "max-backoff", .value = "DURATION", .doc = "Never wait longer between attempts"},
                {.name = "priority", .value = "N", .doc = "Higher runs first, -100 to 100"},
                {.name = "queue", .value = "NAME", .doc = "Stand in this queue"},
                {.name = "concurrency-key", .value = "KEY", .doc = "Of jobs with one key, run one at a time"},
                {.name = "label", .value = "KEY=VALUE", .doc = "Mark the job, to find it by", .is_repeatable = true},
                {.name = "node", .value = "NAME", .doc = "Run it only there"},
                {.name = "not-before", .value = "TIME", .doc = "Do not start it before, 2026-11-25T10:00:00Z"}},
      .examples = {"novelo job submit text.word_count --path /usr/share/doc --wait",
                   "id=$(novelo job submit text.word_count --path /usr/share/doc --label team=web)",
                   "novelo job submit bench.sieve --primes 1000 --max-attempts 3 --deadline 10m --follow"},
      .notes =
          "The flags of TASK's own fields: novelo job submit TASK --help\n"
          "With --wait a table shows the task's answer; -o json and yaml show the whole job. The first Ctrl-C\n"
          "leaves the job running and says how to come back to it.",
      .takes_fields = true,
      .run = run_submit};
}

}  // namespace novelo::cli
