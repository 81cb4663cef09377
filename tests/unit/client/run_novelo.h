// tests/unit/client/run_novelo.h
// Runs one `novelo` command in the test's process, with an environment of its own and text for its stdin.
#ifndef NOVELO_TESTS_UNIT_CLIENT_RUN_NOVELO_H_
#define NOVELO_TESTS_UNIT_CLIENT_RUN_NOVELO_H_

#include <sys/mman.h>
#include <unistd.h>

#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "dispatch.h"

namespace novelo::testing {

struct Outcome {
  cli::ExitCode code;
  std::string out;
  std::string err;
};

struct RunOptions {
  std::string address;  // $NOVELO_ADDRESS
  std::string input;    // stdin
  int input_fd = -1;    // instead of `input`
  std::map<std::string, std::string> environment;
  cli::Interrupt* interrupt = nullptr;
};

inline Outcome run_novelo(const std::vector<std::string>& words, const RunOptions& options) {
  const int fd = memfd_create("stdin", MFD_CLOEXEC);
  if (fd < 0 || write(fd, options.input.data(), options.input.size()) < 0)
    return {cli::ExitCode::kUsage, "", "no stdin"};
  lseek(fd, 0, SEEK_SET);
  std::ostringstream out, err;
  const cli::World world{.out = out,
                         .err = err,
                         .in_fd = options.input_fd >= 0 ? options.input_fd : fd,
                         .environment = [&](const std::string& name) -> std::optional<std::string> {
                           if (name == "NOVELO_ADDRESS" && !options.address.empty()) return options.address;
                           const auto found = options.environment.find(name);
                           return found == options.environment.end() ? std::nullopt : std::optional(found->second);
                         },
                         .interrupt = options.interrupt};
  const cli::ExitCode code = cli::run_command(world, words);
  close(fd);
  return {code, out.str(), err.str()};
}

}  // namespace novelo::testing

#endif  // NOVELO_TESTS_UNIT_CLIENT_RUN_NOVELO_H_
