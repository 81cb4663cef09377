// The table, and the text form of each kind of value.
#include <absl/strings/ascii.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_replace.h>

#include <array>
#include <limits>
#include <utility>

#include "config/config.h"

namespace novelo::daemon {
namespace {

absl::string_view abseil(std::string_view text) {
  return {text.data(), text.size()};
}

constexpr std::int64_t kKiB = 1024;
constexpr std::int64_t kMiB = 1024 * kKiB;
constexpr std::int64_t kGiB = 1024 * kMiB;
constexpr std::int64_t kDaySeconds = 86400;

const std::array<std::pair<std::string_view, std::int64_t>, 4> kByteUnits = {
    {{"GiB", kGiB}, {"MiB", kMiB}, {"KiB", kKiB}, {"B", 1}}};

const std::vector<Setting>& table() {
  static const std::vector<Setting> rows = {
      {"node.name", SettingKind::kText, &Config::node_name, "",
       "Name of this node, as jobs and `novelo status` show it. Empty: the host's name."},
      {"grpc.listen", SettingKind::kText, &Config::grpc_listen, "127.0.0.1:7570",
       "Address of the gRPC side: host:port, [v6]:port or unix:/path. Port 0 takes a free one."},
      {"grpc.max_message_bytes", SettingKind::kBytes, &Config::grpc_max_message_bytes, "16MiB",
       "Largest message a call may send. A larger one is RESOURCE_EXHAUSTED.", kKiB, kGiB},
      {"grpc.max_calls", SettingKind::kInteger, &Config::grpc_max_calls, "20000",
       "Calls served at one time. One more is RESOURCE_EXHAUSTED.", 1, 1000000},
      {"grpc.max_buffered_bytes", SettingKind::kBytes, &Config::grpc_max_buffered_bytes, "1536MiB",
       "Memory of messages on their way, of all calls together. Beyond it callers are slowed down, then refused.",
       64 * kMiB, 1024 * kGiB},
      {"http.listen", SettingKind::kText, &Config::http_listen, "127.0.0.1:7571",
       "Address of the HTTP side (/metrics, /healthz, /readyz). Empty: no HTTP side."},
      {"insecure", SettingKind::kBoolean, &Config::insecure, "false",
       "Allow addresses beyond loopback although calls are neither encrypted nor authorized."},
      {"runtime.max_procs", SettingKind::kInteger, &Config::runtime_max_procs, "0",
       "Processors: goroutines that run at one time. 0: as many as the machine and its cgroup allow.", 0, 1024},
      {"runtime.max_threads", SettingKind::kInteger, &Config::runtime_max_threads, "10000",
       "Machines: threads of the runtime, those in blocking calls included.", 4, 100000},
      {"runtime.thread_idle_timeout", SettingKind::kDuration, &Config::runtime_thread_idle_timeout, "30s",
       "A thread that had nothing to do for so long ends, as long as there is one left for each processor.", 1, 86400},
      {"runtime.max_goroutines", SettingKind::kInteger, &Config::runtime_max_goroutines, "4000000",
       "Goroutines alive at one time. A call that finds none free is RESOURCE_EXHAUSTED, a job waits.", 1000,
       100000000},
      {"runtime.max_stack_bytes", SettingKind::kBytes, &Config::runtime_max_stack_bytes, "256MiB",
       "How far the stack of a goroutine may grow. One that needs more ends its task with an error.", 256 * kKiB,
       16 * kGiB},
      {"runtime.leak_check_interval", SettingKind::kDuration, &Config::runtime_leak_check_interval, "1m",
       "How often to look for goroutines that wait for ever. 0s: only when asked.", 0, kDaySeconds},
      {"task.max_heap_bytes", SettingKind::kBytes, &Config::task_max_heap_bytes, "4GiB",
       "Collected heap that the goroutines of one call or job may hold. One that needs more fails with "
       "RESOURCE_EXHAUSTED.",
       kMiB, 1024 * kGiB},
      {"job.max_running", SettingKind::kInteger, &Config::job_max_running, "10000",
       "Jobs that run at one time; more wait in the queue.", 1, 1000000},
      {"job.max_queued", SettingKind::kInteger, &Config::job_max_queued, "100000",
       "Jobs that wait at one time. One more is RESOURCE_EXHAUSTED.", 1, 10000000},
      {"job.max_retained", SettingKind::kInteger, &Config::job_max_retained, "100000",
       "Ended jobs kept for their readers. One more drops the one that ended first.", 0, 10000000},
      {"job.max_stored_bytes", SettingKind::kBytes, &Config::job_max_stored_bytes, "1GiB",
       "Inputs and results kept by the memory store. Ended jobs make room for new ones; when none is left, a new job "
       "is "
       "RESOURCE_EXHAUSTED.",
       kMiB, 1024 * kGiB},
      {"job.max_result_bytes", SettingKind::kBytes, &Config::job_max_result_bytes, "64MiB",
       "Messages one job may write in all. A job that writes more fails with RESOURCE_EXHAUSTED.", kKiB, 16 * kGiB},
      {"job.result_ttl", SettingKind::kDuration, &Config::job_result_ttl, "1h",
       "How long an ended job can be read before it is forgotten.", 1, 365 * kDaySeconds},
      {"job.cancel_leaked", SettingKind::kBoolean, &Config::job_cancel_leaked, "false",
       "Cancel a job of which a goroutine was found to wait for ever."},
      {"drain_timeout", SettingKind::kDuration, &Config::drain_timeout, "30s",
       "After SIGTERM, how long running work may go on before it is cancelled.", 0, kDaySeconds},
      {"log.level",
       SettingKind::kChoice,
       &Config::log_level,
       "info",
       "Least severe messages to write. SIGHUP reads it again.",
       0,
       0,
       {"trace", "debug", "info", "warn", "error", "off"}},
      {"log.format",
       SettingKind::kChoice,
       &Config::log_format,
       "text",
       "How a message is written to stderr.",
       0,
       0,
       {"text", "json"}},
  };
  return rows;
}

std::string bytes_text(std::int64_t bytes) {
  for (const auto& [unit, size] : kByteUnits) {
    if (bytes != 0 && bytes % size == 0 && size > 1) return absl::StrCat(bytes / size, abseil(unit));
  }
  return absl::StrCat(bytes);
}

bool parse_bytes(std::string_view text, std::int64_t* bytes) {
  std::int64_t scale = 1;
  for (const auto& [unit, size] : kByteUnits) {
    if (text.ends_with(unit)) {
      text.remove_suffix(unit.size());
      scale = size;
      break;
    }
  }
  std::int64_t count = 0;
  if (!absl::SimpleAtoi(abseil(text), &count)) return false;
  if (count > std::numeric_limits<std::int64_t>::max() / scale || count < 0) return false;
  *bytes = count * scale;
  return true;
}

absl::Status refused(const Setting& setting, std::string_view text) {
  return absl::InvalidArgumentError(
      absl::StrCat("\"", abseil(text), "\" is not a value of ", abseil(setting.name), ": write ", setting.allowed()));
}

}  // namespace

Config::Config() {
  for (const Setting& setting : table()) {
    if (const absl::Status status = assign(*this, setting, setting.default_text); !status.ok()) {
      // A default out of its own bounds is a mistake in the table above.
      std::abort();
    }
  }
}

std::string Setting::environment_name() const {
  return absl::StrCat("NOVELOD_", absl::AsciiStrToUpper(absl::StrReplaceAll(abseil(name), {{".", "_"}})));
}

std::string Setting::allowed() const {
  switch (kind) {
    case SettingKind::kText:
      return "any text";
    case SettingKind::kInteger:
      return absl::StrCat("a whole number from ", min, " to ", max);
    case SettingKind::kBytes:
      return absl::StrCat("a size from ", bytes_text(min), " to ", bytes_text(max), " (units: B, KiB, MiB, GiB)");
    case SettingKind::kDuration:
      return absl::StrCat("a duration from ", absl::FormatDuration(absl::Seconds(min)), " to ",
                          absl::FormatDuration(absl::Seconds(max)), " (units: ms, s, m, h)");
    case SettingKind::kBoolean:
      return "true or false";
    case SettingKind::kChoice: {
      std::string list = "one of: ";
      for (std::string_view choice : choices)
        absl::StrAppend(&list, choice == choices.front() ? "" : ", ", abseil(choice));
      return list;
    }
  }
  return {};
}

std::span<const Setting> settings() {
  return table();
}

const Setting* find_setting(std::string_view name) {
  for (const Setting& setting : table()) {
    if (setting.name == name) return &setting;
  }
  return nullptr;
}

absl::Status assign(Config& config, const Setting& setting, std::string_view text) {
  switch (setting.kind) {
    case SettingKind::kText:
      config.*std::get<std::string Config::*>(setting.member) = std::string(text);
      break;
    case SettingKind::kChoice: {
      bool known = false;
      for (std::string_view choice : setting.choices) known = known || choice == text;
      if (!known) return refused(setting, text);
      config.*std::get<std::string Config::*>(setting.member) = std::string(text);
      break;
    }
    case SettingKind::kInteger:
    case SettingKind::kBytes: {
      std::int64_t value = 0;
      const bool parsed =
          setting.kind == SettingKind::kBytes ? parse_bytes(text, &value) : absl::SimpleAtoi(abseil(text), &value);
      if (!parsed || value < setting.min || value > setting.max) return refused(setting, text);
      config.*std::get<std::int64_t Config::*>(setting.member) = value;
      break;
    }
    case SettingKind::kDuration: {
      absl::Duration value;
      if (!absl::ParseDuration(abseil(text), &value) || value < absl::Seconds(setting.min) ||
          value > absl::Seconds(setting.max)) {
        return refused(setting, text);
      }
      config.*std::get<absl::Duration Config::*>(setting.member) = value;
      break;
    }
    case SettingKind::kBoolean:
      if (text != "true" && text != "false") return refused(setting, text);
      config.*std::get<bool Config::*>(setting.member) = text == "true";
      break;
  }
  return absl::OkStatus();
}

std::string value_text(const Config& config, const Setting& setting) {
  switch (setting.kind) {
    case SettingKind::kText:
    case SettingKind::kChoice:
      return config.*std::get<std::string Config::*>(setting.member);
    case SettingKind::kInteger:
      return absl::StrCat(config.*std::get<std::int64_t Config::*>(setting.member));
    case SettingKind::kBytes:
      return bytes_text(config.*std::get<std::int64_t Config::*>(setting.member));
    case SettingKind::kDuration:
      return absl::FormatDuration(config.*std::get<absl::Duration Config::*>(setting.member));
    case SettingKind::kBoolean:
      return config.*std::get<bool Config::*>(setting.member) ? "true" : "false";
  }
  return {};
}

}  // namespace novelo::daemon
