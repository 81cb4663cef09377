// client/cli/job_view.h
// A job for people: a row of a list, a page of its own, a line while it is watched. Tested in
// tests/unit/client/job_view_test.cc.
#ifndef NOVELO_CLIENT_CLI_JOB_VIEW_H_
#define NOVELO_CLIENT_CLI_JOB_VIEW_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "exit_code.h"
#include "novelo/v1/job.pb.h"
#include "session.h"
#include "view.h"

namespace novelo::cli {

// "RUNNING" of JOB_STATE_RUNNING.
std::string state_name(v1::JobState state);
bool has_ended(const v1::Job& job);
// How a command ends that waited for the job: its outcome is the command's.
ExitCode exit_code_of(const v1::Job& job);

// "42s", "3m", "5h", "12d".
std::string age_text(absl::Duration age);

std::vector<Column> job_columns();
std::vector<std::string> job_cells(const v1::Job& job, absl::Time now);

// Columns and cells of a job that is watched.
std::vector<Column> watch_columns();
std::vector<std::string> watch_cells(const v1::Job& job);
// The same as a line of words: "RUNNING, attempt 2, 14 messages".
std::string watch_line(const v1::Job& job);

// Everything about a job but its results.
View job_page(const v1::Job& job);
// The results, as `novelo call` prints a reply. Asks the server for the task's types; JSON lines if it has them no
// more.
View results_view(const Session& session, const v1::Job& job);

}  // namespace novelo::cli

#endif  // NOVELO_CLIENT_CLI_JOB_VIEW_H_
