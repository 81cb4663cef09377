// novelod: reads its settings, starts the runtime and serves in it until it is told to stop.
#include <absl/strings/str_cat.h>
#include <novelo/runtime.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "config/config.h"
#include "exit_code.h"
#include "export/log.h"
#include "server.h"
#include "signals.h"

namespace novelo::daemon {
namespace {

std::vector<std::string> environment_entries() {
  std::vector<std::string> entries;
  for (char** entry = environ; *entry != nullptr; ++entry) entries.emplace_back(*entry);
  return entries;
}

// With less the threads of gRPC end the process, or never end themselves.
void require_address_space() {
  constexpr rlim_t kLeast = rlim_t{4} << 30;  // of which malloc takes 64 MiB a thread
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur >= kLeast) return;
  throw RuntimeError(absl::StrCat("at least 4 GiB of address space are needed, and RLIMIT_AS (ulimit -v) allows ",
                                  limit.rlim_cur >> 20, " MiB; to limit memory use MemoryMax= of systemd or a cgroup"));
}

ExitCode serve(const CommandLine& command_line, const LoadedConfig& loaded) {
  require_address_space();
  start_log(loaded.config.log_level, loaded.config.log_format);
  Signals::block();
  RuntimeOptions options;
  options.max_procs = static_cast<int>(loaded.config.runtime_max_procs);
  options.max_threads = static_cast<int>(loaded.config.runtime_max_threads);
  options.thread_idle_timeout = loaded.config.runtime_thread_idle_timeout;
  options.max_goroutines = static_cast<std::size_t>(loaded.config.runtime_max_goroutines);
  options.max_stack_bytes = static_cast<std::size_t>(loaded.config.runtime_max_stack_bytes);
  options.uncaught = UncaughtPolicy::kReport;
  options.on_uncaught = [](std::uint64_t id, const std::exception_ptr& error) {
    log(LogLevel::kError, "an exception left a goroutine that nobody joins",
        {{"goroutine", absl::StrCat(id)}, {"what", describe_exception(error)}});
  };
  Runtime runtime(std::move(options));
  const Poster poster = runtime.poster();
  return runtime.run([&] {
    Server server({.config = loaded.config,
                   .reload = [&] { return load_config(command_line, environment_entries()); },
                   .on_ready = nullptr,
                   .on_stuck = [] { std::_Exit(static_cast<int>(ExitCode::kFailed)); }},
                  poster);
    return server.run();
  });
}

ExitCode run(int argc, char** argv) {
  const CommandLine command_line = parse_command_line(argc, argv);
  if (command_line.action == CommandLine::Action::kExit) return static_cast<ExitCode>(command_line.exit_code);
  const absl::StatusOr<LoadedConfig> loaded = load_config(command_line, environment_entries());
  if (!loaded.ok()) {
    std::cerr << "novelod: " << std::string(loaded.status().message()) << "\n";
    return ExitCode::kUsage;
  }
  switch (command_line.action) {
    case CommandLine::Action::kCheckConfig:
      std::cout << "the configuration is right\n";
      return ExitCode::kDone;
    case CommandLine::Action::kPrintConfig:
      std::cout << print_config(*loaded);
      return ExitCode::kDone;
    default:
      return serve(command_line, *loaded);
  }
}

}  // namespace
}  // namespace novelo::daemon

int main(int argc, char** argv) {
  try {
    return static_cast<int>(novelo::daemon::run(argc, argv));
  } catch (const std::exception& error) {
    std::cerr << "novelod: " << error.what() << "\n";
    return static_cast<int>(novelo::daemon::ExitCode::kFailed);
  }
}
