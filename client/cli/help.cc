// client/cli/help.cc
// The verb `help` is here too: it only finds the text.
#include "help.h"

#include <algorithm>
#include <cctype>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "commands.h"
#include "field_value.h"
#include "parse.h"
#include "session.h"
#include "suggest.h"
#include "task_flags.h"

namespace novelo::cli {
namespace {

constexpr std::size_t kColumnMax = 34;  // where the explanations begin at the latest
constexpr std::size_t kWidth = 110;

using Lines = std::vector<std::pair<std::string, std::string>>;  // what, and what it means

// Words of `text` in lines of up to kWidth, each after the first indented by `indent`.
std::string wrap(const std::string& text, std::size_t indent) {
  std::string result;
  std::size_t column = indent;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string word = text.substr(at, end - at);
    if (column > indent && column + 1 + word.size() > kWidth) {
      absl::StrAppend(&result, "\n", std::string(indent, ' '));
      column = indent;
    } else if (column > indent) {
      result += ' ';
      ++column;
    }
    result += word;
    column += word.size();
    at = end + 1;
  }
  return result;
}

std::string section(const std::string& title, const Lines& lines) {
  if (lines.empty()) return "";
  std::size_t width = 0;
  for (const auto& [what, meaning] : lines) {
    if (what.size() <= kColumnMax) width = std::max(width, what.size());
  }
  std::string text = absl::StrCat("\n", title, ":\n");
  for (const auto& [what, meaning] : lines) {
    const std::size_t indent = width + 4;
    absl::StrAppend(&text, "  ", what);
    if (what.size() > width) {
      absl::StrAppend(&text, "\n", std::string(indent, ' '));
    } else {
      text.append(width - what.size() + 2, ' ');
    }
    absl::StrAppend(&text, wrap(meaning, indent), "\n");
  }
  return text;
}

std::pair<std::string, std::string> line_of(const Flag& flag) {
  std::string what = flag.letter == 0 ? "    " : absl::StrCat("-", std::string(1, flag.letter), ", ");
  absl::StrAppend(&what, "--", flag.name, flag.value.empty() ? "" : " ", flag.value);
  std::string meaning = flag.doc;
  if (!flag.choices.empty()) absl::StrAppend(&meaning, ": ", absl::StrJoin(flag.choices, ", "));
  if (flag.is_repeatable) absl::StrAppend(&meaning, " (may be repeated)");
  return {std::move(what), std::move(meaning)};
}

Lines lines_of(const std::vector<Flag>& flags) {
  Lines lines;
  for (const Flag& flag : flags) lines.push_back(line_of(flag));
  return lines;
}

std::string examples(const Verb& verb) {
  if (verb.examples.empty()) return "";
  std::string text = verb.examples.size() == 1 ? "\nExample:\n" : "\nExamples:\n";
  for (const std::string& example : verb.examples) absl::StrAppend(&text, "  ", example, "\n");
  return text;
}

std::string arguments_of(const Verb& verb) {
  std::string text;
  for (const Argument& argument : verb.arguments) {
    absl::StrAppend(&text, argument.is_optional ? " [" : " ", argument.name, argument.is_repeatable ? "..." : "",
                    argument.is_optional ? "]" : "");
  }
  return text;
}

std::string notes_of(const Verb& verb) {
  return verb.notes.empty() ? "" : absl::StrCat("\n", verb.notes, "\n");
}

// `message_flags` of the fields of the task's input.
Lines field_lines(const Verb& verb, const client::TaskSchema& schema) {
  Lines lines;
  for (const TaskFlag& flag : task_flags(schema.input(), own_flags(verb))) {
    const bool is_bool = flag.field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_BOOL;
    const bool is_switch = is_bool && !flag.field->is_repeated();
    std::string what = absl::StrCat("--", flag.name, is_switch ? "" : " ", is_switch ? "" : value_name(*flag.field));
    std::string meaning = flag_doc(schema, flag);
    if (flag.field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_ENUM) {
      absl::StrAppend(&meaning, meaning.empty() ? "" : ": ", absl::StrJoin(value_choices(*flag.field), ", "));
    }
    if (flag.field->is_repeated()) absl::StrAppend(&meaning, meaning.empty() ? "" : " ", "(may be repeated)");
    lines.emplace_back(std::move(what), std::move(meaning));
  }
  return lines;
}

ExitCode run_help(Session& session, const Arguments& arguments) {
  if (arguments.positional.empty()) {
    session.out() << program_help();
    return ExitCode::kDone;
  }
  const Noun* noun = find_noun(arguments.positional[0]);
  if (noun == nullptr || noun->is_hidden) {
    std::vector<std::string> names;
    for (const Noun& n : nouns()) {
      if (!n.is_hidden) names.push_back(n.name);
    }
    return session.usage(absl::InvalidArgumentError(absl::StrCat("there is no command \"", arguments.positional[0],
                                                                 "\"", did_you_mean(arguments.positional[0], names))),
                         "novelo");
  }
  if (arguments.positional.size() == 1) {
    session.out() << (noun->is_verb() ? verb_help(*noun, noun->verbs.front()) : noun_help(*noun));
    return ExitCode::kDone;
  }
  const Verb* verb = find_verb(*noun, arguments.positional[1]);
  if (verb == nullptr) {
    std::vector<std::string> names;
    for (const Verb& v : noun->verbs) names.push_back(v.name);
    return session.usage(
        absl::InvalidArgumentError(absl::StrCat("novelo ", noun->name, " has no \"", arguments.positional[1], "\"",
                                                did_you_mean(arguments.positional[1], names))),
        "novelo " + noun->name);
  }
  session.out() << verb_help(*noun, *verb);
  return ExitCode::kDone;
}

}  // namespace

std::string program_help() {
  Lines commands;
  for (const Noun& noun : nouns()) {
    if (noun.is_hidden) continue;
    std::vector<std::string> verbs;
    for (const Verb& verb : noun.verbs) {
      if (!verb.name.empty()) verbs.push_back(verb.name);
    }
    commands.emplace_back(noun.name,
                          verbs.empty() ? noun.summary : absl::StrCat(noun.summary, ": ", absl::StrJoin(verbs, ", ")));
  }
  return absl::StrCat(
      "Usage: novelo NOUN VERB [ARGUMENT...] [--FLAG...]\n\nAsks a novelod to run tasks, now or as jobs.\n",
      section("Commands", commands), section("Flags of every command", lines_of(global_flags())),
      "\nExamples:\n  novelo task list\n"
      "  novelo call text.word_count --path /usr/share/common-licenses --top 5\n"
      "  novelo job submit text.word_count --path /usr/share/doc --wait\n"
      "  novelo help job submit\n"
      "\nExit codes:\n"
      "  0 done, 1 the task failed, 2 usage, 3 not found, 4 not permitted, 5 exists already or not in the right "
      "state,\n"
      "  6 server not reached, 7 refused by a limit, 8 cancelled, 124 deadline, 130 interrupted\n");
}

std::string noun_help(const Noun& noun) {
  Lines verbs;
  for (const Verb& verb : noun.verbs) verbs.emplace_back(verb.name + arguments_of(verb), verb.summary);
  std::string text = absl::StrCat("Usage: novelo ", noun.name, " VERB [ARGUMENT...] [--FLAG...]\n\n", noun.summary,
                                  ".\n", section("Verbs", verbs), "\nExamples:\n");
  for (const Verb& verb : noun.verbs) {
    if (!verb.examples.empty()) absl::StrAppend(&text, "  ", verb.examples.front(), "\n");
  }
  absl::StrAppend(&text, "\nMore of each: novelo ", noun.name, " VERB --help\n");
  return text;
}

std::string verb_help(const Noun& noun, const Verb& verb) {
  return absl::StrCat("Usage: ", command_name(noun, verb), arguments_of(verb),
                      verb.takes_fields ? " [--FIELD VALUE...]" : "", " [--FLAG...]\n\n", verb.summary, ".\n",
                      section("Flags", lines_of(verb.flags)),
                      section("Flags of every command", lines_of(global_flags())), notes_of(verb), examples(verb));
}

std::string task_help(const Noun& noun, const Verb& verb, const client::TaskSchema& schema) {
  std::string example;
  for (const auto& [what, meaning] : field_lines(verb, schema)) {
    if (example.empty()) example = absl::StrCat(" ", what);
  }
  return absl::StrCat("Usage: ", command_name(noun, verb), " ", schema.name(), " [--FIELD VALUE...] [--FLAG...]\n\n",
                      schema.task().doc(), "\n", section("Fields of " + schema.name(), field_lines(verb, schema)),
                      section("Flags", lines_of(verb.flags)),
                      section("Flags of every command", lines_of(global_flags())), "\nExample:\n  ",
                      command_name(noun, verb), " ", schema.name(), example, "\n");
}

Noun help_noun() {
  return {.name = "help",
          .summary = "Explain a command",
          .verbs = {{.name = "",
                     .summary = "Explains a noun or a verb",
                     .arguments = {{.name = "NOUN", .meaning = Meaning::kNoun, .is_optional = true},
                                   {.name = "VERB", .is_optional = true}},
                     .examples = {"novelo help job submit"},
                     .run = run_help}}};
}

}  // namespace novelo::cli
