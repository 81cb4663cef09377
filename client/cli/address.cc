// client/cli/address.cc
// Unknown keys are errors: a misspelt `adress` that is silently ignored sends commands to the wrong server.
#include "address.h"

#include <toml++/toml.h>

#include <fstream>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "connection.h"
#include "suggest.h"

namespace novelo::cli {
namespace {

absl::Status at(const std::string& path, const toml::source_region& where, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat(path, ":", where.begin.line, ": ", what));
}

absl::Status check_keys(const std::string& path, const toml::table& table, const std::vector<std::string>& known,
                        const std::string& where) {
  for (const auto& [key, node] : table) {
    const std::string name(key.str());
    bool is_known = false;
    for (const std::string& k : known) is_known = is_known || k == name;
    if (is_known) continue;
    return at(path, node.source(),
              absl::StrCat("unknown setting \"", name, "\"", where, did_you_mean(name, known, "", "."),
                           " The settings are: ", absl::StrJoin(known, ", ")));
  }
  return absl::OkStatus();
}

struct Context {
  std::string name;
  std::string address;
};

// The current context of the file's text; nullopt when the file names none.
absl::StatusOr<std::optional<Context>> current_context(const std::string& path, const std::string& text) {
  toml::table file;
  try {
    file = toml::parse(text, path);
  } catch (const toml::parse_error& error) {
    return at(path, error.source(), std::string(error.description()));
  }
  if (absl::Status status = check_keys(path, file, {"current_context", "contexts"}, ""); !status.ok()) return status;

  std::vector<std::string> names;
  const toml::node* contexts_node = file.get("contexts");
  const toml::table* contexts = contexts_node == nullptr ? nullptr : contexts_node->as_table();
  if (contexts_node != nullptr && contexts == nullptr) {
    return at(path, contexts_node->source(), "\"contexts\" must be a table: [contexts.NAME]");
  }
  if (contexts != nullptr) {
    for (const auto& [key, node] : *contexts) {
      const std::string name(key.str());
      const toml::table* context = node.as_table();
      if (context == nullptr) return at(path, node.source(), "a context must be a table: [contexts." + name + "]");
      if (absl::Status status = check_keys(path, *context, {"address"}, " in context " + name); !status.ok()) {
        return status;
      }
      names.push_back(name);
    }
  }

  const toml::node* current_node = file.get("current_context");
  if (current_node == nullptr) return std::nullopt;
  const std::optional<std::string> current = current_node->value<std::string>();
  if (!current_node->is_string() || !current) {
    return at(path, current_node->source(), "\"current_context\" must be the name of a context, in quotes");
  }
  const toml::node* context = contexts == nullptr ? nullptr : contexts->get(*current);
  if (context == nullptr) {
    return at(path, current_node->source(),
              absl::StrCat("no context \"", *current, "\"", did_you_mean(*current, names, "", "."),
                           " The contexts are: ", names.empty() ? std::string("none") : absl::StrJoin(names, ", ")));
  }
  const toml::node* address = context->as_table()->get("address");
  if (address == nullptr || !address->is_string()) {
    return at(path, (address == nullptr ? context : address)->source(),
              absl::StrCat("context ", *current, " needs address = \"HOST:PORT\""));
  }
  return Context{*current, **address->as_string()};
}

absl::StatusOr<Address> checked(const std::string& text, const std::string& origin) {
  absl::StatusOr<std::string> target = client::normalize_address(text);
  if (!target.ok()) return absl::InvalidArgumentError(absl::StrCat(origin, ": ", target.status().message()));
  return Address{*std::move(target), origin};
}

}  // namespace

std::string config_path(const Environment& environment) {
  const std::optional<std::string> xdg = environment("XDG_CONFIG_HOME");
  if (xdg && !xdg->empty()) return *xdg + "/novelo/config.toml";
  const std::optional<std::string> home = environment("HOME");
  if (home && !home->empty()) return *home + "/.config/novelo/config.toml";
  return "";
}

absl::StatusOr<Address> resolve_address(const std::optional<std::string>& flag, const Environment& environment) {
  if (flag) return checked(*flag, "--address");
  const std::optional<std::string> variable = environment("NOVELO_ADDRESS");
  if (variable && !variable->empty()) return checked(*variable, "$NOVELO_ADDRESS");

  const std::string path = config_path(environment);
  std::ifstream file(path);
  if (!path.empty() && file) {
    std::ostringstream text;
    text << file.rdbuf();
    const absl::StatusOr<std::optional<Context>> context = current_context(path, text.str());
    if (!context.ok()) return context.status();
    if (*context) return checked((*context)->address, absl::StrCat("context ", (*context)->name, " of ", path));
  }
  return Address{kDefaultAddress, "default"};
}

}  // namespace novelo::cli
