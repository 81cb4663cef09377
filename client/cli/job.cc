// client/cli/job.cc
// novelo job: the runs of tasks that outlive the command that asked for them. Verbs of several ids go on after one that
// fails; the first failure is the exit code.
#include <cctype>
#include <functional>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "commands.h"
#include "job_submit.h"
#include "job_view.h"
#include "job_wait.h"
#include "parse.h"
#include "rpc_status.h"
#include "session.h"
#include "stream_printer.h"

namespace novelo::cli {
namespace {

constexpr int kListMax = 100;  // jobs a list shows unless --limit says otherwise
constexpr int kListLimitMax = 100000;

// Runs `f` for each id; the jobs it gave, and the first failure as the exit code.
std::vector<v1::Job> for_each_id(Session& session, const Arguments& arguments, ExitCode& code,
                                 const std::function<absl::StatusOr<v1::Job>(const std::string&)>& f) {
  std::vector<v1::Job> jobs;
  for (const std::string& id : arguments.positional) {
    absl::StatusOr<v1::Job> job = f(id);
    if (job.ok()) {
      jobs.push_back(*std::move(job));
      continue;
    }
    const ExitCode failed = session.fail(job.status());
    if (code == ExitCode::kDone) code = failed;
  }
  return jobs;
}

Answer list_of(const std::vector<v1::Job>& jobs) {
  Table table{.columns = job_columns()};
  Answer answer{.is_list = true};
  for (const v1::Job& job : jobs) {
    table.rows.push_back(job_cells(job, absl::Now()));
    answer.messages.push_back(&job);
    answer.names.push_back(job.id());
  }
  if (!jobs.empty()) answer.view.push_back(std::move(table));
  return answer;
}

ExitCode run_get(Session& session, const Arguments& arguments) {
  if (absl::Status status = session.connect(); !status.ok()) return session.fail(status);
  ExitCode code = ExitCode::kDone;
  const std::vector<v1::Job> jobs =
      for_each_id(session, arguments, code, [&](const std::string& id) -> absl::StatusOr<v1::Job> {
        v1::GetJobRequest request;
        request.set_id(id);
        v1::Job job;
        const auto context = session.question();
        const grpc::Status status = session.jobs()->GetJob(context.get(), request, &job);
        if (!status.ok()) return client::from_grpc(status);
        return job;
      });
  if (jobs.empty()) return code;
  Answer answer = list_of(jobs);
  if (arguments.positional.size() == 1) {
    answer.is_list = false;
    answer.view = job_page(jobs.front());
    const OutputForm form = session.form().value_or(OutputForm::kTable);
    if (form == OutputForm::kTable || form == OutputForm::kWide) {
      for (Block& block : results_view(session, jobs.front())) answer.view.push_back(std::move(block));
    }
  }
  const ExitCode shown = session.show(answer);
  return code == ExitCode::kDone ? shown : code;
}

std::string filter_of(const Arguments& arguments) {
  std::vector<std::string> terms;
  if (const auto task = arguments.value("task")) terms.push_back("task=" + *task);
  if (const auto state = arguments.value("state")) terms.push_back("state=" + absl::AsciiStrToUpper(*state));
  for (const std::string& label : arguments.values("label")) terms.push_back("labels." + label);
  if (const auto filter = arguments.value("filter")) terms.push_back(*filter);
  return absl::StrJoin(terms, " AND ");
}

ExitCode run_list(Session& session, const Arguments& arguments) {
  int limit = kListMax;
  if (const auto text = arguments.value("limit")) {
    const auto number = parse_int("limit", *text, 1, kListLimitMax);
    if (!number.ok()) return session.usage(number.status(), "novelo job list");
    limit = *number;
  }
  if (absl::Status status = session.connect(); !status.ok()) return session.fail(status);
  v1::ListJobsRequest request;
  request.set_filter(filter_of(arguments));
  std::vector<v1::Job> jobs;
  do {
    request.set_page_size(std::min(1000, limit - static_cast<int>(jobs.size())));
    v1::ListJobsResponse reply;
    const auto context = session.question();
    const grpc::Status status = session.jobs()->ListJobs(context.get(), request, &reply);
    if (!status.ok()) return session.fail(client::from_grpc(status));
    jobs.insert(jobs.end(), reply.jobs().begin(), reply.jobs().end());
    request.set_page_token(reply.next_page_token());
  } while (!request.page_token().empty() && static_cast<int>(jobs.size()) < limit);

  const ExitCode code = session.show(list_of(jobs));
  if (jobs.empty()) session.say(request.filter().empty() ? "no jobs" : "no job is like that");
  if (!request.page_token().empty())
    session.say(absl::StrCat("there are more; these are the newest ", jobs.size(), " (see --limit)"));
  return code;
}

ExitCode run_wait(Session& session, const Arguments& arguments) {
  if (absl::Status status = session.connect(); !status.ok()) return session.fail(status);
  if (arguments.positional.size() == 1) {
    ExitCode code = ExitCode::kDone;
    const auto job = wait_for_end(session, arguments.positional[0], arguments.has("follow"), code);
    return job ? show_outcome(session, *job) : code;
  }
  // Several jobs are a list, and how each of them ended is in it.
  ExitCode code = ExitCode::kDone;
  std::vector<v1::Job> jobs;
  for (const std::string& id : arguments.positional) {
    ExitCode ended = ExitCode::kDone;
    auto job = wait_for_end(session, id, arguments.has("follow"), ended);
    const bool is_told = job.has_value();
    if (is_told) {
      ended = exit_code_of(*job);
      jobs.push_back(*std::move(job));
    }
    if (code == ExitCode::kDone) code = ended;
    if (ended == ExitCode::kInterrupted || (!is_told && ended == ExitCode::kDeadlineExceeded)) break;
  }
  const ExitCode shown = jobs.empty() ? ExitCode::kDone : session.show(list_of(jobs));
  return code == ExitCode::kDone ? shown : code;
}

ExitCode run_watch(Session& session, const Arguments& arguments) {
  if (absl::Status status = session.connect(); !status.ok()) return session.fail(status);
  StreamPrinter stream(session, OutputForm::kTable, watch_columns(), [](const google::protobuf::Message& message) {
    return watch_cells(dynamic_cast<const v1::Job&>(message));
  });
  if (absl::Status status = stream.check(); !status.ok()) return session.usage(status, "novelo job watch");
  ExitCode code = ExitCode::kDone;
  const auto on_change = [&](const v1::Job& job) {
    absl::Status status = stream.print(job);
    return status.ok() ? session.flush() : status;
  };
  const std::optional<v1::Job> job = wait_for_end(session, arguments.positional[0], on_change, code);
  return job ? exit_code_of(*job) : code;
}

ExitCode run_cancel(Session& session, const Arguments& arguments) {
  if (absl::Status status = session.connect(); !status.ok()) return session.fail(status);
  ExitCode code = ExitCode::kDone;
  const std::vector<v1::Job> jobs =
      for_each_id(session, arguments, code, [&](const std::string& id) -> absl::StatusOr<v1::Job> {
        v1::CancelJobRequest request;
        request.set_id(id);
        v1::Job job;
        const auto context = session.question();
        const grpc::Status status = session.jobs()->CancelJob(context.get(), request, &job);
        if (!status.ok()) return client::from_grpc(status);
        return job;
      });
  if (jobs.empty()) return code;
  Answer answer = list_of(jobs);
  answer.is_list = arguments.positional.size() > 1;
  const ExitCode shown = session.show(answer);
  return code == ExitCode::kDone ? shown : code;
}

ExitCode run_rm(Session& session, const Arguments& arguments) {
  const OutputForm form = session.form().value_or(OutputForm::kName);
  if (form != OutputForm::kName && form != OutputForm::kTable && form != OutputForm::kWide) {
    return session.usage(absl::InvalidArgumentError("a job that is gone has no form but its name: -o name"),
                         "novelo job rm");
  }
  if (absl::Status status = session.connect(); !status.ok()) return session.fail(status);
  ExitCode code = ExitCode::kDone;
  for_each_id(session, arguments, code, [&](const std::string& id) -> absl::StatusOr<v1::Job> {
    v1::DeleteJobRequest request;
    request.set_id(id);
    google::protobuf::Empty nothing;
    const auto context = session.question();
    const grpc::Status status = session.jobs()->DeleteJob(context.get(), request, &nothing);
    if (!status.ok()) return client::from_grpc(status);
    session.out() << id << '\n';
    return v1::Job();
  });
  const absl::Status status = session.flush();
  return status.ok() ? code : session.fail(status);
}

std::vector<Argument> ids() {
  return {{.name = "ID", .meaning = Meaning::kJob, .is_repeatable = true}};
}

}  // namespace

Noun job_noun() {
  const Flag follow{.name = "follow", .doc = "Tell each change of the job on stderr"};
  return {
      .name = "job",
      .summary = "Runs of tasks that outlive the command",
      .verbs = {
          job_submit_verb(),
          {.name = "list",
           .summary = "Lists jobs, newest first",
           .flags = {{.name = "task", .value = "TASK", .doc = "Only jobs of this task", .meaning = Meaning::kTask},
                     {.name = "state",
                      .value = "STATE",
                      .doc = "Only jobs in this state",
                      .choices = {"queued", "running", "succeeded", "failed", "cancelled"}},
                     {.name = "label", .value = "KEY=VALUE", .doc = "Only jobs so marked", .is_repeatable = true},
                     {.name = "filter",
                      .value = "FILTER",
                      .doc = "Terms field=value joined by AND, of task, state, queue, request_id, labels.KEY"},
                     {.name = "limit", .value = "N", .doc = "At most so many; 100 unless said otherwise"}},
           .examples = {"novelo job list", "novelo job list --state failed --label team=web -o wide"},
           .run = run_list},
          {.name = "get",
           .summary = "Shows jobs with their input and results",
           .arguments = ids(),
           .examples = {"novelo job get 01935f3e-9b7a-7c6e-8f4e-3f2a1b0c9d8e -o json | jq -r '.results[].json'"},
           .run = run_get},
          {.name = "wait",
           .summary = "Waits for the end of jobs and prints their results",
           .arguments = ids(),
           .flags = {follow},
           .examples = {"novelo job wait $(novelo job submit text.word_count --path /usr/share/doc) --timeout 1m"},
           .notes = "The job's outcome is the exit code: 0 succeeded, 1 failed, 8 cancelled, 124 over its deadline or\n"
                    "over --timeout. The first Ctrl-C leaves the job running and says how to come back to it.",
           .run = run_wait},
          {.name = "watch",
           .summary = "Prints a job each time it changes, until it has ended",
           .arguments = {{.name = "ID", .meaning = Meaning::kJob}},
           .examples = {"novelo job watch 01935f3e-9b7a-7c6e-8f4e-3f2a1b0c9d8e -o jsonl"},
           .run = run_watch},
          {.name = "cancel",
           .summary = "Asks for the end of jobs; `wait` tells when it has come",
           .arguments = ids(),
           .examples = {"novelo job cancel $(novelo job list --state running -o name)"},
           .run = run_cancel},
          {.name = "rm",
           .summary = "Forgets jobs that have ended",
           .arguments = ids(),
           .examples = {"novelo job rm $(novelo job list --state succeeded -o name)"},
           .run = run_rm}}};
}

}  // namespace novelo::cli
