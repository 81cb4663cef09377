// client/cli/error_text.h
// An error in words for the person who typed the command, and the exit code for the script that did. Pure; tested in
// tests/unit/client/error_text_test.cc.
#ifndef NOVELO_CLIENT_CLI_ERROR_TEXT_H_
#define NOVELO_CLIENT_CLI_ERROR_TEXT_H_

#include <string>

#include "absl/status/status.h"
#include "address.h"
#include "exit_code.h"

namespace novelo::cli {

// What happened, on the first line; then, indented, what else the server said: the fields that were wrong, the limits
// that were met, when to try again, the reason for a search engine. Without a line feed at the end.
std::string error_text(const absl::Status& status, const Address& address);

ExitCode exit_code_of(const absl::Status& status);

}  // namespace novelo::cli

#endif  // NOVELO_CLIENT_CLI_ERROR_TEXT_H_
