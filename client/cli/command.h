// client/cli/command.h
// The command line as data: nouns, their verbs, the flags and arguments of each. Parsing, help, suggestions and shell
// completion all read this one description. A noun's file (task.cc, job.cc, ...) defines its verbs.
#ifndef NOVELO_CLIENT_CLI_COMMAND_H_
#define NOVELO_CLIENT_CLI_COMMAND_H_

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exit_code.h"

namespace novelo::cli {

class Session;

// What a flag's value or an argument stands for: decides how it is completed.
enum class Meaning { kText, kTask, kJob, kFile, kNoun, kShell };

struct Flag {
  std::string name;                  // without the dashes: "request-id"
  char letter = 0;                   // 'o' of -o; 0: none
  std::string value;                 // what stands for the value in help, "DURATION"; empty: a switch
  std::string doc;                   // one sentence, no full stop
  bool is_repeatable = false;        // may be given more than once
  std::vector<std::string> choices;  // the values it takes; empty: any
  Meaning meaning = Meaning::kText;
};

struct Argument {
  std::string name;  // "TASK"
  Meaning meaning = Meaning::kText;
  bool is_optional = false;
  bool is_repeatable = false;  // only the last one
};

// What was given for one verb.
struct Arguments {
  std::vector<std::string> positional;
  std::map<std::string, std::vector<std::string>, std::less<>> flags;  // by name; a switch has no value
  std::vector<std::string> fields;                                     // the words meant for the task's own fields
  std::vector<std::string> late;  // novelo's own flags that stood after the task's name

  bool has(std::string_view flag) const { return flags.find(flag) != flags.end(); }
  // The last value of a flag.
  std::optional<std::string> value(std::string_view flag) const {
    const auto found = flags.find(flag);
    if (found == flags.end() || found->second.empty()) return std::nullopt;
    return found->second.back();
  }
  std::vector<std::string> values(std::string_view flag) const {
    const auto found = flags.find(flag);
    return found == flags.end() ? std::vector<std::string>{} : found->second;
  }
};

struct Verb {
  std::string name;     // "list"; empty: the noun is its own verb (call, status, version)
  std::string summary;  // one sentence, no full stop
  std::vector<Argument> arguments;
  std::vector<Flag> flags;
  std::vector<std::string> examples;  // whole command lines
  std::string notes;                  // paragraphs after the flags; may be empty
  bool takes_fields = false;          // after TASK come flags made from the task's schema
  ExitCode (*run)(Session& session, const Arguments& arguments) = nullptr;
};

struct Noun {
  std::string name;
  std::string summary;
  std::vector<Verb> verbs;
  bool is_hidden = false;

  bool is_verb() const { return verbs.size() == 1 && verbs.front().name.empty(); }
};

// "novelo job submit".
inline std::string command_name(const Noun& noun, const Verb& verb) {
  return verb.name.empty() ? "novelo " + noun.name : "novelo " + noun.name + " " + verb.name;
}

}  // namespace novelo::cli

#endif  // NOVELO_CLIENT_CLI_COMMAND_H_
