// client/cli/job_wait.h
// Waiting for a job and showing how it went: under `job submit --wait`, `job wait` and `job watch`. Ctrl-C detaches:
// the job goes on, and the words say how to come back. Main thread only; tested in tests/unit/client/job_test.cc.
#ifndef NOVELO_CLIENT_CLI_JOB_WAIT_H_
#define NOVELO_CLIENT_CLI_JOB_WAIT_H_

#include <functional>
#include <optional>
#include <string>

#include "exit_code.h"
#include "novelo/v1/job.pb.h"
#include "session.h"

namespace novelo::cli {

// Watches the job to its end and calls `on_change` with each state of it that the server tells. The job as it ended, or
// nothing and in `code` why the wait is over: the words were said.
std::optional<v1::Job> wait_for_end(Session& session, const std::string& id,
                                    const std::function<absl::Status(const v1::Job&)>& on_change, ExitCode& code);

// The same with a progress line, or with a line on stderr for each change if `follows`.
std::optional<v1::Job> wait_for_end(Session& session, const std::string& id, bool follows, ExitCode& code);

// Prints an ended job: its results for people, the whole job in JSON and YAML; the error on stderr. The outcome of the
// job is the exit code.
ExitCode show_outcome(Session& session, const v1::Job& job);

}  // namespace novelo::cli

#endif  // NOVELO_CLIENT_CLI_JOB_WAIT_H_
