// client/cli/main.cc
// The process around run_command(): its streams, its environment, Ctrl-C. Nothing else.
#include <unistd.h>

#include <clocale>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "dispatch.h"
#include "exit_code.h"
#include "interrupt.h"
#include "session.h"

int main(int argc, char** argv) {
  namespace cli = novelo::cli;
  try {
    cli::Interrupt interrupt;  // before gRPC makes its threads
    std::ios::sync_with_stdio(false);
    if (std::setlocale(LC_CTYPE, "") == nullptr) std::setlocale(LC_CTYPE, "C.UTF-8");  // for the width of characters
    cli::World world{.out = std::cout,
                     .err = std::cerr,
                     .in_fd = STDIN_FILENO,
                     .is_in_terminal = isatty(STDIN_FILENO) != 0,
                     .is_out_terminal = isatty(STDOUT_FILENO) != 0,
                     .is_err_terminal = isatty(STDERR_FILENO) != 0,
                     .environment = [](const std::string& name) -> std::optional<std::string> {
                       const char* value = std::getenv(name.c_str());
                       return value == nullptr ? std::nullopt : std::optional<std::string>(value);
                     },
                     .interrupt = &interrupt};
    const cli::ExitCode code = cli::run_command(world, std::vector<std::string>(argv + 1, argv + argc));
    std::cout.flush();
    return static_cast<int>(code);
  } catch (const std::exception& error) {
    std::cerr << "novelo: " << error.what() << std::endl;
    return static_cast<int>(cli::ExitCode::kTaskFailed);
  }
}
