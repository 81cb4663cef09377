// The one file that includes toml++: it is heavy.
#include <absl/strings/str_cat.h>
#include <toml++/toml.h>

#include <optional>

#include "config/config.h"
#include "nearest.h"

namespace novelo::daemon {
namespace {

std::string place(const std::string& path, const toml::source_region& source) {
  return absl::StrCat(path, ":", source.begin.line);
}

// The value in the form that assign() reads; nothing when TOML's type is not that of the setting.
std::optional<std::string> text_of(const toml::node& node, SettingKind kind) {
  if (kind == SettingKind::kBoolean) {
    const auto* truth = node.as_boolean();
    return truth == nullptr ? std::nullopt : std::optional<std::string>(truth->get() ? "true" : "false");
  }
  if (kind == SettingKind::kInteger || kind == SettingKind::kBytes) {
    if (const auto* number = node.as_integer()) return absl::StrCat(number->get());
    if (kind == SettingKind::kInteger) return std::nullopt;
  }
  const auto* text = node.as_string();
  return text == nullptr ? std::nullopt : std::optional<std::string>(text->get());
}

std::string wanted(const Setting& setting) {
  const bool is_quoted = setting.kind == SettingKind::kText || setting.kind == SettingKind::kDuration ||
                         setting.kind == SettingKind::kChoice;
  return absl::StrCat("write ", setting.allowed(), is_quoted ? ", in quotation marks" : "");
}

std::vector<std::string_view> names_under(std::string_view table) {
  std::vector<std::string_view> names;
  for (const Setting& setting : settings()) {
    if (table.empty() || setting.name.starts_with(table)) names.push_back(setting.name);
  }
  return names;
}

absl::Status unknown(const std::string& path, const toml::key& key, const std::string& name, const std::string& table) {
  const bool known_table = !names_under(table.empty() ? "?" : table).empty();
  std::string text = absl::StrCat(place(path, key.source()), ": unknown setting \"", name, "\"");
  const std::vector<std::string_view> all = names_under("");
  const std::string near = suggestion(name, all);
  absl::StrAppend(&text, near);
  if (near.empty()) {
    absl::StrAppend(&text,
                    known_table ? absl::StrCat("; [", table.substr(0, table.size() - 1), "] has:") : "; there are:");
    for (std::string_view choice : known_table ? names_under(table) : all) {
      absl::StrAppend(&text, " ", absl::string_view(choice.data(), choice.size()));
    }
  }
  return absl::InvalidArgumentError(text);
}

absl::Status overlay(const toml::table& table, const std::string& prefix, const std::string& path, LoadedConfig& into) {
  for (const auto& [key, node] : table) {
    const std::string name = absl::StrCat(prefix, std::string(key.str()));
    if (const toml::table* nested = node.as_table()) {
      const std::string nested_prefix = absl::StrCat(name, ".");
      if (names_under(nested_prefix).empty()) return unknown(path, key, name, prefix);
      if (absl::Status status = overlay(*nested, nested_prefix, path, into); !status.ok()) return status;
      continue;
    }
    const Setting* setting = find_setting(name);
    if (setting == nullptr) return unknown(path, key, name, prefix);
    const std::string where = place(path, node.source());
    const std::optional<std::string> text = text_of(node, setting->kind);
    if (!text.has_value()) {
      return absl::InvalidArgumentError(
          absl::StrCat(where, ": ", name, " has a value of another type: ", wanted(*setting)));
    }
    if (absl::Status status = assign(into.config, *setting, *text); !status.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(where, ": ", std::string(status.message())));
    }
    into.origins[setting->name] = where;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status load_file(const std::string& path, LoadedConfig& into) {
  try {
    return overlay(toml::parse_file(path), "", path, into);
  } catch (const toml::parse_error& error) {
    return absl::InvalidArgumentError(
        absl::StrCat(place(path, error.source()), ": ", std::string(error.description())));
  }
}

}  // namespace novelo::daemon
