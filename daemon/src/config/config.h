// daemon/src/config/config.h
// The settings of novelod: their values, and the one table that everything about them is made from.
//
//   one name      `grpc.listen` is the key `listen` under [grpc] in a file, NOVELOD_GRPC_LISTEN in the environment and
//                 --grpc.listen on the command line, in rising precedence
//   made from it  flags, --help, --print-config, --check-config and daemon/README.md (a test compares)
//   who           main.cc loads once; everyone else is handed values
//   tested        tests/unit/daemon/config_test.cc
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace novelo::daemon {

// The values, each with the default of the table.
struct Config {
  Config();

  std::string node_name;
  std::string grpc_listen;
  std::int64_t grpc_max_message_bytes;
  std::int64_t grpc_max_calls;
  std::int64_t grpc_max_buffered_bytes;
  std::string http_listen;
  bool insecure;
  std::int64_t runtime_max_procs;
  std::int64_t runtime_max_threads;
  absl::Duration runtime_thread_idle_timeout;
  std::int64_t runtime_max_goroutines;
  std::int64_t runtime_max_stack_bytes;
  absl::Duration runtime_leak_check_interval;
  std::int64_t task_max_heap_bytes;
  std::int64_t job_max_running;
  std::int64_t job_max_queued;
  std::int64_t job_max_retained;
  std::int64_t job_max_stored_bytes;
  std::int64_t job_max_result_bytes;
  absl::Duration job_result_ttl;
  bool job_cancel_leaked;
  absl::Duration drain_timeout;
  std::string log_level;
  std::string log_format;
};

enum class SettingKind {
  kText,
  kInteger,
  kBytes,     // digits with an optional unit: 4096, 64KiB, 16MiB, 1GiB
  kDuration,  // as Go and Abseil write them: 250ms, 30s, 1h30m
  kBoolean,   // true, false
  kChoice,    // one of Setting::choices
};

// One row of the table.
struct Setting {
  using Member = std::variant<std::string Config::*, std::int64_t Config::*, bool Config::*, absl::Duration Config::*>;

  std::string_view name;
  SettingKind kind;
  Member member;
  std::string_view default_text;
  std::string_view doc;
  // Bounds of kInteger and kBytes, and of kDuration in seconds, both included.
  std::int64_t min = 0;
  std::int64_t max = 0;
  std::vector<std::string_view> choices;

  // "NOVELOD_GRPC_LISTEN".
  std::string environment_name() const;
  // "1 to 1000000", "a duration from 0s to 24h", "one of: text, json": what may be written.
  std::string allowed() const;
};

// The table, in the order of the manual.
std::span<const Setting> settings();
const Setting* find_setting(std::string_view name);

// Parses `text` into the setting's place. The error says what was wrong with the text and what is allowed; where the
// text came from is for the caller to add.
absl::Status assign(Config& config, const Setting& setting, std::string_view text);
// The value as assign() would read it.
std::string value_text(const Config& config, const Setting& setting);

// A configuration and where each value came from.
struct LoadedConfig {
  Config config;
  std::map<std::string_view, std::string> origins;  // by Setting::name; "default" when absent
};

// What the command line said.
struct CommandLine {
  enum class Action { kServe, kCheckConfig, kPrintConfig, kExit };
  Action action = Action::kServe;
  int exit_code = 0;                         // for kExit: --help, --version and mistakes, already printed
  std::string config_file;                   // --config; empty: the default places
  std::map<std::string, std::string> flags;  // by setting name
};

// Reads the command line; prints help, version and mistakes itself.
CommandLine parse_command_line(int argc, char** argv);

// Overlays the settings of one TOML file. Errors start with "file:line:".
absl::Status load_file(const std::string& path, LoadedConfig& into);

// Where load() looks when the command line names no file.
struct ConfigPlaces {
  std::string file = "/etc/novelo/novelod.toml";    // may be missing
  std::string directory = "/etc/novelo/novelod.d";  // its *.toml in the order of their names; may be missing
};

// Defaults, files, environment (entries "NAME=value"), flags; then the rules between settings.
absl::StatusOr<LoadedConfig> load_config(const CommandLine& command_line, std::span<const std::string> environment,
                                         const ConfigPlaces& places = {});

// Every setting as TOML, its origin as a comment: what --print-config prints, and load_file() reads.
std::string print_config(const LoadedConfig& loaded);

}  // namespace novelo::daemon
