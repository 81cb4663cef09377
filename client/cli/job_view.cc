// client/cli/job_view.cc
// Times are the reader's local ones here; the JSON forms have them in UTC.
#include "job_view.h"

#include <google/rpc/code.pb.h>

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "reply_view.h"
#include "wire_time.h"

namespace novelo::cli {
namespace {

std::string time_text(const google::protobuf::Timestamp& time) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%S", client::to_time(time), absl::LocalTimeZone());
}

// Whole milliseconds: more digits say nothing to a reader.
std::string duration_text(const google::protobuf::Duration& duration) {
  return absl::FormatDuration(absl::Trunc(client::to_duration(duration), absl::Milliseconds(1)));
}

std::string labels_text(const v1::Job& job) {
  const std::map<std::string, std::string> sorted(job.labels().begin(), job.labels().end());
  return absl::StrJoin(sorted, ",", absl::PairFormatter("="));
}

std::string error_words(const v1::Job& job) {
  if (job.error().code() == 0) return "";
  return absl::StrCat(google::rpc::Code_Name(static_cast<google::rpc::Code>(job.error().code())), ": ",
                      job.error().message());
}

std::string attempt_text(const v1::Job& job) {
  const int max = job.retry_policy().max_attempts();
  return max > 1 ? absl::StrCat(job.attempt(), " of ", max) : absl::StrCat(job.attempt());
}

}  // namespace

std::string state_name(v1::JobState state) {
  return std::string(absl::StripPrefix(v1::JobState_Name(state), "JOB_STATE_"));
}

bool has_ended(const v1::Job& job) {
  return job.state() == v1::JOB_STATE_SUCCEEDED || job.state() == v1::JOB_STATE_FAILED ||
         job.state() == v1::JOB_STATE_CANCELLED;
}

ExitCode exit_code_of(const v1::Job& job) {
  if (job.state() == v1::JOB_STATE_CANCELLED) return ExitCode::kCancelled;
  if (job.state() != v1::JOB_STATE_FAILED) return ExitCode::kDone;
  return job.error().code() == google::rpc::DEADLINE_EXCEEDED ? ExitCode::kDeadlineExceeded : ExitCode::kTaskFailed;
}

std::string age_text(absl::Duration age) {
  age = std::max(age, absl::ZeroDuration());
  if (age < absl::Minutes(2)) return absl::StrCat(absl::ToInt64Seconds(age), "s");
  if (age < absl::Hours(2)) return absl::StrCat(absl::ToInt64Minutes(age), "m");
  if (age < absl::Hours(48)) return absl::StrCat(absl::ToInt64Hours(age), "h");
  return absl::StrCat(absl::ToInt64Hours(age) / 24, "d");
}

std::vector<Column> job_columns() {
  return {{.name = "ID"},
          {.name = "TASK"},
          {.name = "STATE"},
          {.name = "ATTEMPT", .align = Align::kRight},
          {.name = "AGE", .align = Align::kRight},
          {.name = "RAN", .align = Align::kRight},
          {.name = "NODE", .is_wide = true},
          {.name = "QUEUE", .is_wide = true},
          {.name = "PRIORITY", .align = Align::kRight, .is_wide = true},
          {.name = "LABELS", .is_wide = true},
          {.name = "ERROR", .is_wide = true}};
}

std::vector<std::string> job_cells(const v1::Job& job, absl::Time now) {
  return {job.id(),
          job.task(),
          state_name(job.state()),
          attempt_text(job),
          age_text(now - client::to_time(job.create_time())),
          job.usage().has_run_time() ? duration_text(job.usage().run_time()) : "",
          job.node(),
          job.queue(),
          absl::StrCat(job.priority()),
          labels_text(job),
          error_words(job)};
}

std::vector<Column> watch_columns() {
  return {{.name = "TIME"},
          {.name = "STATE"},
          {.name = "ATTEMPT", .align = Align::kRight},
          {.name = "MESSAGES", .align = Align::kRight},
          {.name = "BYTES", .align = Align::kRight},
          {.name = "ERROR"}};
}

std::vector<std::string> watch_cells(const v1::Job& job) {
  return {absl::FormatTime("%H:%M:%S", absl::Now(), absl::LocalTimeZone()),
          absl::StrCat(state_name(job.state()), job.cancel_requested() ? " (cancelling)" : ""),
          attempt_text(job),
          absl::StrCat(job.progress().messages()),
          absl::StrCat(job.progress().bytes()),
          error_words(job)};
}

std::string watch_line(const v1::Job& job) {
  std::string line = absl::StrCat("job ", job.id(), " ", state_name(job.state()));
  if (job.cancel_requested()) absl::StrAppend(&line, " (cancelling)");
  if (job.attempt() > 0) absl::StrAppend(&line, ", attempt ", attempt_text(job));
  if (job.progress().messages() > 0) absl::StrAppend(&line, ", ", job.progress().messages(), " messages");
  if (job.error().code() != 0) absl::StrAppend(&line, ", ", error_words(job));
  return line;
}

View job_page(const v1::Job& job) {
  KeyValues page;
  const auto add = [&](const char* key, std::string value) {
    if (!value.empty()) page.lines.emplace_back(key, std::move(value));
  };
  add("Id", job.id());
  add("Task", job.task());
  add("State", absl::StrCat(state_name(job.state()), job.cancel_requested() ? " (cancelling)" : ""));
  add("Error", error_words(job));
  add("Attempt", attempt_text(job));
  add("Node", job.node());
  add("Queue", job.queue());
  if (job.priority() != 0) add("Priority", absl::StrCat(job.priority()));
  add("Labels", labels_text(job));
  add("Request id", job.request_id());
  if (job.has_create_time()) add("Submitted", time_text(job.create_time()));
  if (job.has_next_attempt_time()) add("Next attempt", time_text(job.next_attempt_time()));
  if (job.has_start_time()) add("Started", time_text(job.start_time()));
  if (job.has_end_time()) add("Ended", time_text(job.end_time()));
  if (job.has_deadline_time()) add("Deadline", time_text(job.deadline_time()));
  if (job.has_expire_time()) add("Kept until", time_text(job.expire_time()));
  if (job.usage().has_queue_time()) add("Queued for", duration_text(job.usage().queue_time()));
  if (job.usage().has_run_time()) add("Ran for", duration_text(job.usage().run_time()));
  if (job.usage().has_cpu_time()) add("CPU time", duration_text(job.usage().cpu_time()));
  if (job.usage().has_runnable_time()) add("Waited for a CPU", duration_text(job.usage().runnable_time()));
  if (job.usage().heap_bytes() > 0) add("Holds", absl::StrCat(job.usage().heap_bytes(), " bytes"));
  if (job.usage().allocated_bytes() > 0) add("Allocated", absl::StrCat(job.usage().allocated_bytes(), " bytes"));
  if (job.usage().goroutines() > 0) add("Goroutines", absl::StrCat(job.usage().goroutines()));
  if (job.progress().messages() > 0) {
    add("Progress", absl::StrCat(job.progress().messages(), " messages, ", job.progress().bytes(), " bytes"));
  }
  add("Durability", std::string(absl::StripPrefix(v1::Durability_Name(job.durability()), "DURABILITY_")));
  add("Input", job.input().json());
  return {std::move(page)};
}

View results_view(const Session& session, const v1::Job& job) {
  if (job.results().empty()) return {};
  const auto schema = session.schema(job.task());
  Table table{.title = "Results"};
  std::string lines;
  for (const v1::Payload& result : job.results()) {
    absl::StrAppend(&lines, result.json(), "\n");
    if (!schema.ok() || (*schema)->output().full_name() != result.type()) continue;
    const auto message = (*schema)->parse_output(result.proto());
    if (!message.ok()) continue;
    if (!(*schema)->writes_stream()) return reply_view(**message);
    if (table.columns.empty()) table.columns = reply_columns((*schema)->output());
    table.rows.push_back(reply_cells(**message));
  }
  const bool is_complete = table.rows.size() == static_cast<std::size_t>(job.results_size());
  return is_complete ? View{std::move(table)} : View{Text{lines}};
}

}  // namespace novelo::cli
