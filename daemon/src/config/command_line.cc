// The one file that includes CLI11: it is heavy.
#include <absl/strings/str_cat.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "config/config.h"
#include "exit_code.h"
#include "nearest.h"
#include "version.h"

namespace novelo::daemon {
namespace {

constexpr const char* kFooter =
    "Settings may also stand in /etc/novelo/novelod.toml, /etc/novelo/novelod.d/*.toml (`grpc.listen` is `listen` "
    "under\n"
    "[grpc]) and in the environment (NOVELOD_GRPC_LISTEN); a flag wins over the environment, that over the files.\n"
    "\n"
    "Examples:\n"
    "  novelod                                             serve on loopback with defaults\n"
    "  novelod --grpc.listen 127.0.0.1:0 --http.listen ''  a free port, no HTTP side\n"
    "  novelod --config my.toml --check-config             say whether a file is right\n";

// CLI11's text for a flag nobody knows, with the one that was meant.
std::string mistake(const CLI::Error& error, const CLI::App& app, int argc, char** argv) {
  std::string text = error.what();
  std::vector<std::string> names =
      app.get_option_no_throw("--help") == nullptr ? std::vector<std::string>{} : std::vector<std::string>{"--help"};
  for (const CLI::Option* option : app.get_options()) names.push_back(option->get_name());
  const std::vector<std::string_view> choices(names.begin(), names.end());
  for (int i = 1; i < argc; ++i) {
    std::string_view word = argv[i];
    word = word.substr(0, word.find('='));
    if (!word.starts_with("--") || std::find(choices.begin(), choices.end(), word) != choices.end()) continue;
    return absl::StrCat("unknown flag ", absl::string_view(word.data(), word.size()), suggestion(word, choices));
  }
  return text;
}

}  // namespace

CommandLine parse_command_line(int argc, char** argv) {
  CommandLine out;
  CLI::App app{"novelod: runs tasks as goroutines and serves them over gRPC", "novelod"};
  app.set_version_flag("--version", version_text());
  app.footer(kFooter);
  app.add_option("--config", out.config_file, "Read this file instead of those in /etc/novelo.")->type_name("FILE");
  bool check = false;
  bool print = false;
  app.add_flag("--check-config", check, "Say whether the configuration is right, and exit.");
  app.add_flag("--print-config", print, "Print each setting with its value and where that came from, and exit.");

  std::map<std::string, std::string> values;
  for (const Setting& setting : settings()) {
    const std::string name(setting.name);
    std::string doc(setting.doc);
    if (setting.kind == SettingKind::kBoolean) {
      app.add_flag(absl::StrCat("--", name, "{true}"), values[name], doc)->group("Settings");
      continue;
    }
    if (setting.kind != SettingKind::kText) absl::StrAppend(&doc, " Write ", setting.allowed(), ".");
    auto* option = app.add_option(absl::StrCat("--", name), values[name], doc)->group("Settings");
    option->type_name("VALUE")->default_str(std::string(setting.default_text));
  }

  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& done) {  // --help, --version
    out.action = CommandLine::Action::kExit;
    out.exit_code = app.exit(done);
    return out;
  } catch (const CLI::ParseError& error) {
    std::cerr << "novelod: " << mistake(error, app, argc, argv) << "\nTry: novelod --help\n";
    out.action = CommandLine::Action::kExit;
    out.exit_code = static_cast<int>(ExitCode::kUsage);
    return out;
  }
  if (check) out.action = CommandLine::Action::kCheckConfig;
  if (print) out.action = CommandLine::Action::kPrintConfig;
  for (const Setting& setting : settings()) {
    const std::string name(setting.name);
    if (app.count(absl::StrCat("--", name)) > 0) out.flags[name] = values[name];
  }
  return out;
}

}  // namespace novelo::daemon
