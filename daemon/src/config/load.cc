// Defaults, files, environment and flags put together, and the rules that hold between settings.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "address.h"
#include "config/config.h"
#include "nearest.h"

namespace novelo::daemon {
namespace {

constexpr std::string_view kEnvironmentPrefix = "NOVELOD_";

absl::Status load_files(const CommandLine& command_line, const ConfigPlaces& places, LoadedConfig& into) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (!command_line.config_file.empty()) {
    if (!fs::is_regular_file(command_line.config_file, error)) {
      return absl::NotFoundError(absl::StrCat(command_line.config_file, ": no such file (--config)"));
    }
    return load_file(command_line.config_file, into);
  }
  if (fs::is_regular_file(places.file, error)) {
    if (absl::Status status = load_file(places.file, into); !status.ok()) return status;
  }
  std::vector<std::string> files;
  for (fs::directory_iterator entry(places.directory, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->path().extension() == ".toml") files.push_back(entry->path().string());
  }
  std::sort(files.begin(), files.end());
  for (const std::string& file : files) {
    if (absl::Status status = load_file(file, into); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status load_environment(std::span<const std::string> environment, LoadedConfig& into) {
  std::vector<std::string> names;
  for (const Setting& setting : settings()) names.push_back(setting.environment_name());
  for (const std::string& entry : environment) {
    if (!entry.starts_with(kEnvironmentPrefix)) continue;
    const std::size_t equals = entry.find('=');
    const std::string name = entry.substr(0, equals);
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) {
      const std::vector<std::string_view> choices(names.begin(), names.end());
      return absl::InvalidArgumentError(
          absl::StrCat("environment: unknown setting \"", name, "\"", suggestion(name, choices)));
    }
    const Setting& setting = settings()[static_cast<std::size_t>(found - names.begin())];
    const std::string text = equals == std::string::npos ? std::string() : entry.substr(equals + 1);
    if (absl::Status status = assign(into.config, setting, text); !status.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("environment ", name, ": ", std::string(status.message())));
    }
    into.origins[setting.name] = absl::StrCat("environment ", name);
  }
  return absl::OkStatus();
}

absl::Status load_flags(const CommandLine& command_line, LoadedConfig& into) {
  for (const auto& [name, text] : command_line.flags) {
    const Setting* setting = find_setting(name);
    if (setting == nullptr) return absl::InvalidArgumentError(absl::StrCat("flag --", name, ": unknown setting"));
    if (absl::Status status = assign(into.config, *setting, text); !status.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("flag --", name, ": ", std::string(status.message())));
    }
    into.origins[setting->name] = absl::StrCat("flag --", name);
  }
  return absl::OkStatus();
}

std::string origin_of(const LoadedConfig& loaded, std::string_view name) {
  const auto found = loaded.origins.find(name);
  return found == loaded.origins.end() ? "default" : found->second;
}

absl::Status check_address(const LoadedConfig& loaded, std::string_view name, const std::string& text) {
  const auto address = parse_address(text);
  const std::string where = absl::StrCat(origin_of(loaded, name), ": ", std::string(name), ": ");
  if (!address.ok()) return absl::InvalidArgumentError(absl::StrCat(where, std::string(address.status().message())));
  if (!address->is_local() && !loaded.config.insecure) {
    return absl::InvalidArgumentError(absl::StrCat(
        where, "\"", text, "\" is reachable from other machines, and calls are neither encrypted nor authorized; ",
        "listen on 127.0.0.1 or [::1], or accept that with --insecure"));
  }
  return absl::OkStatus();
}

// What no single value can be blamed for.
absl::Status check_rules(const LoadedConfig& loaded) {
  if (absl::Status status = check_address(loaded, "grpc.listen", loaded.config.grpc_listen); !status.ok())
    return status;
  if (!loaded.config.http_listen.empty()) {
    if (absl::Status status = check_address(loaded, "http.listen", loaded.config.http_listen); !status.ok())
      return status;
    if (absl::StartsWith(loaded.config.http_listen, "unix:")) {
      return absl::InvalidArgumentError(
          absl::StrCat(origin_of(loaded, "http.listen"), ": http.listen: the HTTP side listens on host:port only"));
    }
  }
  return absl::OkStatus();
}

std::string quoted_text(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out + "\"";
}

std::string host_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  return name.data();
}

}  // namespace

absl::StatusOr<LoadedConfig> load_config(const CommandLine& command_line, std::span<const std::string> environment,
                                         const ConfigPlaces& places) {
  LoadedConfig loaded;
  if (absl::Status status = load_files(command_line, places, loaded); !status.ok()) return status;
  if (absl::Status status = load_environment(environment, loaded); !status.ok()) return status;
  if (absl::Status status = load_flags(command_line, loaded); !status.ok()) return status;
  if (absl::Status status = check_rules(loaded); !status.ok()) return status;
  if (loaded.config.node_name.empty()) {
    loaded.config.node_name = host_name();
    loaded.origins["node.name"] = "the host's name";
  }
  return loaded;
}

std::string print_config(const LoadedConfig& loaded) {
  std::string top;
  std::string tables;
  std::string open;
  for (const Setting& setting : settings()) {
    const std::string name(setting.name);
    const std::string value = value_text(loaded.config, setting);
    const bool is_bare = setting.kind == SettingKind::kInteger || setting.kind == SettingKind::kBoolean;
    const std::size_t dot = name.find('.');
    const std::string key = dot == std::string::npos ? name : name.substr(dot + 1);
    const std::string line =
        absl::StrCat(key, " = ", is_bare ? value : quoted_text(value), "  # ", origin_of(loaded, name), "\n");
    if (dot == std::string::npos) {
      absl::StrAppend(&top, line);
      continue;
    }
    if (const std::string table = name.substr(0, dot); table != open) {
      open = table;
      absl::StrAppend(&tables, "\n[", table, "]\n");
    }
    absl::StrAppend(&tables, line);
  }
  return absl::StrCat(top, tables);
}

}  // namespace novelo::daemon
