// client/cli/job_wait.cc
// WatchJob as a byte call, because that one can be waited for a little at a time and cancelled from the thread of
// Ctrl-C.
#include "job_wait.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "byte_call.h"
#include "job_view.h"
#include "progress.h"
#include "rpc_status.h"

namespace novelo::cli {
namespace {

constexpr absl::Duration kTick = absl::Milliseconds(200);  // how often the progress line moves
std::string come_back(const std::string& id) {
  return absl::StrCat("\n  wait for it:  novelo job wait ", id, "\n  cancel it:    novelo job cancel ", id);
}

// Where the states of the job come from.
enum class Source {
  kWait,   // WaitJob: the last one alone
  kWatch,  // WatchJob: each
};

using OnChange = std::function<absl::Status(const v1::Job&)>;

bool parse(Source source, const std::string& bytes, v1::Job& job) {
  if (source == Source::kWait) return job.ParseFromString(bytes);
  v1::WatchJobResponse response;
  if (!response.ParseFromString(bytes)) return false;
  job = std::move(*response.mutable_job());
  return true;
}

// Reads to the end of the call; the last state told, if any.
absl::Status read_states(client::ByteCall& call, Source source, const OnChange& on_change,
                         const std::function<void()>& on_tick, std::optional<v1::Job>& last) {
  while (true) {
    while (!call.read_ready(kTick)) on_tick();
    const std::optional<std::string> bytes = call.read();
    if (!bytes) return call.finish();
    if (!parse(source, *bytes, last.emplace())) return absl::InternalError("the server's reply is no job");
    if (absl::Status status = on_change(*last); !status.ok()) return status;
  }
}

std::optional<v1::Job> wait_ticking(Session& session, const std::string& id, Source source, const OnChange& on_change,
                                    const std::function<void()>& on_tick, ExitCode& code) {
  v1::WaitJobRequest request;  // a WatchJobRequest has the same id and nothing else
  request.set_id(id);
  const char* method = source == Source::kWait ? "/novelo.v1.JobService/WaitJob" : "/novelo.v1.JobService/WatchJob";
  client::ByteCall call(session.channel(), method, session.deadline());
  std::optional<Interrupt::Wait> wait;
  if (session.world().interrupt != nullptr) wait.emplace(*session.world().interrupt, [&call] { call.cancel(); });
  call.start();
  call.write_last(request.SerializeAsString());
  std::optional<v1::Job> last;
  const absl::Status status = read_states(call, source, on_change, on_tick, last);
  wait.reset();

  if (status.ok() && last && has_ended(*last)) return last;
  if (session.world().interrupt != nullptr && session.world().interrupt->came()) {
    session.say(absl::StrCat("\njob ", id, " goes on", come_back(id)));
    code = ExitCode::kInterrupted;
  } else if (status.ok()) {
    code = session.fail(absl::UnavailableError(absl::StrCat("the server stopped telling about job ", id)));
  } else if (absl::IsDeadlineExceeded(status)) {
    session.say(absl::StrCat("the time of --timeout is up; job ", id, " goes on", come_back(id)));
    code = ExitCode::kDeadlineExceeded;
  } else {
    code = session.fail(status);
  }
  return std::nullopt;
}

}  // namespace

std::optional<v1::Job> wait_for_end(Session& session, const std::string& id,
                                    const std::function<absl::Status(const v1::Job&)>& on_change, ExitCode& code) {
  return wait_ticking(session, id, Source::kWatch, on_change, [] {}, code);
}

std::optional<v1::Job> wait_for_end(Session& session, const std::string& id, bool follows, ExitCode& code) {
  Progress progress(session);
  std::string line = absl::StrCat("job ", id);
  const auto on_change = [&](const v1::Job& job) {
    const std::string now = watch_line(job);
    if (follows && now != line) session.say(now);
    line = now;
    return absl::OkStatus();
  };
  const auto on_tick = [&] {
    if (!follows) progress.show(line);
  };
  const Source source = follows || session.shows_progress() ? Source::kWatch : Source::kWait;
  return wait_ticking(session, id, source, on_change, on_tick, code);
}

ExitCode show_outcome(Session& session, const v1::Job& job) {
  const OutputForm form = session.form().value_or(OutputForm::kTable);
  Answer answer{.messages = {&job}, .names = {job.id()}};
  if (form == OutputForm::kTable || form == OutputForm::kWide) answer.view = results_view(session, job);
  if (const ExitCode code = session.show(answer); code != ExitCode::kDone) return code;
  if (job.state() != v1::JOB_STATE_SUCCEEDED) {
    const absl::Status error = client::from_rpc(job.error());
    session.fail(absl::Status(error.ok() ? absl::StatusCode::kUnknown : error.code(),
                              absl::StrCat("job ", job.id(), " ", state_name(job.state()), ": ", error.message())));
  }
  return exit_code_of(job);
}

}  // namespace novelo::cli
