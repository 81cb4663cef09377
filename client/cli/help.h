// client/cli/help.h
// What --help says, made from the same descriptions that parsing uses. Tested in tests/unit/client/help_test.cc.
#ifndef NOVELO_CLIENT_CLI_HELP_H_
#define NOVELO_CLIENT_CLI_HELP_H_

#include <string>

#include "command.h"
#include "task_schema.h"

namespace novelo::cli {

std::string program_help();
std::string noun_help(const Noun& noun);
std::string verb_help(const Noun& noun, const Verb& verb);
// Of a verb that takes the fields of a task, once the task is known.
std::string task_help(const Noun& noun, const Verb& verb, const client::TaskSchema& schema);

}  // namespace novelo::cli

#endif  // NOVELO_CLIENT_CLI_HELP_H_
