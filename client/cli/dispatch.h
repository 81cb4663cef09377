// client/cli/dispatch.h
// One run of `novelo`: from the words after the program's name to the exit code. Everything but the process itself is
// in here, so tests run commands against a server of their own. Tested in tests/unit/client/dispatch_test.cc.
#ifndef NOVELO_CLIENT_CLI_DISPATCH_H_
#define NOVELO_CLIENT_CLI_DISPATCH_H_

#include <string>
#include <vector>

#include "exit_code.h"
#include "session.h"

namespace novelo::cli {

ExitCode run_command(const World& world, const std::vector<std::string>& words);

}  // namespace novelo::cli

#endif  // NOVELO_CLIENT_CLI_DISPATCH_H_
