// client/cli/dispatch.cc
// Flags of every command may stand anywhere, so the noun is the first word that is no flag and no flag's value, and the
// verb the second; what remains, in its order, is the verb's.
#include "dispatch.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "commands.h"
#include "help.h"
#include "parse.h"
#include "suggest.h"

namespace novelo::cli {
namespace {

// Whether `word` is a global flag whose value is the next word.
bool takes_next(const std::string& word) {
  return std::any_of(global_flags().begin(), global_flags().end(), [&](const Flag& flag) {
    if (flag.value.empty()) return false;
    return word == "--" + flag.name || (flag.letter != 0 && word == std::string("-") + flag.letter);
  });
}

// Takes the first word that is neither a flag nor its value out of `words`; "" when there is none.
std::string take_word(std::vector<std::string>& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i].size() > 1 && words[i].front() == '-') {
      if (takes_next(words[i])) ++i;
      continue;
    }
    std::string word = words[i];
    words.erase(words.begin() + static_cast<std::ptrdiff_t>(i));
    return word;
  }
  return "";
}

bool asks_for_help(const std::vector<std::string>& words) {
  return std::any_of(words.begin(), words.end(),
                     [](const std::string& word) { return word == "--help" || word == "-h"; });
}

std::vector<std::string> noun_names() {
  std::vector<std::string> names;
  for (const Noun& noun : nouns()) {
    if (!noun.is_hidden) names.push_back(noun.name);
  }
  return names;
}

std::vector<std::string> verb_names(const Noun& noun) {
  std::vector<std::string> names;
  names.reserve(noun.verbs.size());
  for (const Verb& verb : noun.verbs) names.push_back(verb.name);
  return names;
}

ExitCode unknown_noun(Session& session, const std::string& name) {
  // `novelo list` and `novelo submit` are verbs in search of their noun.
  std::vector<std::string> homes;
  for (const Noun& noun : nouns()) {
    if (!noun.is_verb() && find_verb(noun, name) != nullptr) homes.push_back("novelo " + noun.name + " " + name);
  }
  const std::string hint = homes.empty() ? did_you_mean(name, noun_names())
                                         : absl::StrCat("; did you mean ", absl::StrJoin(homes, " or "), "?");
  return session.usage(absl::InvalidArgumentError(absl::StrCat("there is no command \"", name, "\"", hint)), "novelo");
}

// Help for a verb; with the task's own flags when a task is named and its server answers.
ExitCode show_help(Session& session, const Noun& noun, const Verb& verb, const Arguments& arguments) {
  if (verb.takes_fields && !arguments.positional.empty()) {
    absl::Status status = session.connect();
    if (status.ok()) {
      const auto schema = session.schema(arguments.positional.front());
      if (schema.ok()) {
        session.out() << task_help(noun, verb, **schema);
        return ExitCode::kDone;
      }
      status = schema.status();
    }
    session.out() << verb_help(noun, verb);
    return session.fail(status);
  }
  session.out() << verb_help(noun, verb);
  return ExitCode::kDone;
}

}  // namespace

ExitCode run_command(const World& world, const std::vector<std::string>& words) {
  Session session(world);
  std::vector<std::string> rest = words;
  if (!rest.empty() && (rest.front() == "--version" || rest.front() == "-V")) rest = {"version", "--client"};

  const std::string noun_name = take_word(rest);
  if (noun_name.empty()) {
    if (asks_for_help(rest)) {
      session.out() << program_help();
      return ExitCode::kDone;
    }
    world.err << program_help();
    return ExitCode::kUsage;
  }
  const Noun* noun = find_noun(noun_name);
  if (noun == nullptr) return unknown_noun(session, noun_name);

  const Verb* verb = &noun->verbs.front();
  if (!noun->is_verb()) {
    const std::string verb_name = take_word(rest);
    verb = find_verb(*noun, verb_name);
    if (verb == nullptr && verb_name.empty() && asks_for_help(rest)) {
      session.out() << noun_help(*noun);
      return ExitCode::kDone;
    }
    if (verb == nullptr) {
      const std::string what = verb_name.empty() ? "a verb is missing."
                                                 : absl::StrCat("there is no \"", verb_name, "\"",
                                                                did_you_mean(verb_name, verb_names(*noun), "", "."));
      return session.usage(absl::InvalidArgumentError(absl::StrCat(
                               noun->name, ": ", what, " The verbs are: ", absl::StrJoin(verb_names(*noun), ", "))),
                           "novelo " + noun->name);
    }
  }

  const std::string command = command_name(*noun, *verb);
  absl::StatusOr<Arguments> arguments = parse(*verb, rest);
  if (!arguments.ok()) {
    return session.usage(absl::InvalidArgumentError(
                             absl::StrCat(command.substr(command.find(' ') + 1), ": ", arguments.status().message())),
                         command);
  }
  if (absl::Status status = session.configure(*arguments); !status.ok()) return session.usage(status, command);
  if (arguments->has("help")) return show_help(session, *noun, *verb, *arguments);
  return verb->run(session, *arguments);
}

}  // namespace novelo::cli
