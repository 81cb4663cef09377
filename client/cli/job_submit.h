// client/cli/job_submit.h
// The verb `novelo job submit`, the one with most flags.
#ifndef NOVELO_CLIENT_CLI_JOB_SUBMIT_H_
#define NOVELO_CLIENT_CLI_JOB_SUBMIT_H_

#include "command.h"

namespace novelo::cli {

Verb job_submit_verb();

}  // namespace novelo::cli

#endif  // NOVELO_CLIENT_CLI_JOB_SUBMIT_H_
