// client/cli/parse.cc
// One pass over the words; the first thing that is wrong is the error.
#include "parse.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "suggest.h"

namespace novelo::cli {
namespace {

class Parser {
 public:
  Parser(const Verb& verb, const std::vector<std::string>& words) : verb_(verb), words_(words) {}

  absl::StatusOr<Arguments> run() {
    bool flags_ended = false;
    while (at_ < words_.size()) {
      const std::string& word = words_[at_++];
      absl::Status status;
      if (flags_ended || is_value(word)) {
        status = positional(word);
      } else if (word == "--") {
        flags_ended = true;
      } else if (word[1] == '-') {
        status = long_flag(word.substr(2));
      } else {
        status = letters(word.substr(1));
      }
      if (!status.ok()) return status;
    }
    // --help is answered even where something is missing.
    if (!arguments_.has("help")) {
      if (absl::Status status = check_count(); !status.ok()) return status;
    }
    return std::move(arguments_);
  }

 private:
  bool fields_allowed() const { return verb_.takes_fields && !arguments_.positional.empty(); }

  const Flag* find(const std::string& name) const {
    for (const std::vector<Flag>* flags : {&verb_.flags, &global_flags()}) {
      for (const Flag& flag : *flags) {
        if (flag.name == name) return &flag;
      }
    }
    return nullptr;
  }

  const Flag* find(char letter) const {
    for (const std::vector<Flag>* flags : {&verb_.flags, &global_flags()}) {
      for (const Flag& flag : *flags) {
        if (flag.letter == letter) return &flag;
      }
    }
    return nullptr;
  }

  std::vector<std::string> flag_names() const {
    std::vector<std::string> names;
    for (const Flag& flag : verb_.flags) names.push_back(flag.name);
    for (const Flag& flag : global_flags()) names.push_back(flag.name);
    return names;
  }

  absl::Status positional(const std::string& word) {
    if (fields_allowed() && arguments_.positional.size() >= verb_.arguments.size()) {
      arguments_.fields.push_back(word);  // task_flags knows whether a flag before it takes a value
      return absl::OkStatus();
    }
    arguments_.positional.push_back(word);
    return absl::OkStatus();
  }

  absl::Status long_flag(const std::string& text) {
    const std::size_t equals = text.find('=');
    const std::string name = text.substr(0, equals);
    const Flag* flag = find(name);
    if (flag == nullptr && fields_allowed()) {
      arguments_.fields.push_back("--" + text);
      if (equals == std::string::npos && at_ < words_.size() && is_value(words_[at_])) {
        arguments_.fields.push_back(words_[at_++]);
      }
      return absl::OkStatus();
    }
    if (flag == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("unknown flag --", name, did_you_mean(name, flag_names(), "--"),
                       verb_.takes_fields ? "; the flags of a task's fields come after the task's name" : ""));
    }
    if (equals != std::string::npos) return set(*flag, text.substr(equals + 1), true);
    return set(*flag, "", false);
  }

  absl::Status letters(const std::string& text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
      const Flag* flag = find(text[i]);
      if (flag == nullptr) {
        return absl::InvalidArgumentError(
            absl::StrCat("unknown flag -", std::string(1, text[i]), text.size() > 1 ? " in -" + text : ""));
      }
      if (flag->value.empty()) {
        if (absl::Status status = set(*flag, "", false); !status.ok()) return status;
        continue;
      }
      if (i + 1 == text.size()) return set(*flag, "", false);
      return set(*flag, text.substr(text[i + 1] == '=' ? i + 2 : i + 1), true);
    }
    return absl::OkStatus();
  }

  absl::Status set(const Flag& flag, std::string value, bool has_value) {
    if (fields_allowed()) arguments_.late.push_back(flag.name);
    std::vector<std::string>& values = arguments_.flags[flag.name];
    if (flag.value.empty()) {
      if (has_value) return absl::InvalidArgumentError(absl::StrCat("--", flag.name, " takes no value"));
      return absl::OkStatus();
    }
    if (!has_value) {
      if (at_ == words_.size()) {
        return absl::InvalidArgumentError(
            absl::StrCat("--", flag.name, " needs a value: --", flag.name, " ", flag.value));
      }
      if (!is_value(words_[at_])) {
        return absl::InvalidArgumentError(absl::StrCat("--", flag.name, " needs a value before ", words_[at_],
                                                       "; if that is the value, write --", flag.name, "=",
                                                       words_[at_]));
      }
      value = words_[at_++];
    }
    if (!flag.choices.empty() && std::find(flag.choices.begin(), flag.choices.end(), value) == flag.choices.end()) {
      return absl::InvalidArgumentError(absl::StrCat("--", flag.name, " cannot be \"", value, "\"",
                                                     did_you_mean(value, flag.choices, "", "."),
                                                     " It is one of: ", absl::StrJoin(flag.choices, ", ")));
    }
    if (!flag.is_repeatable && !values.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--", flag.name, " is given twice: \"", values.back(), "\" and \"", value, "\""));
    }
    values.push_back(std::move(value));
    return absl::OkStatus();
  }

  absl::Status check_count() const {
    std::size_t needed = 0;
    bool is_endless = false;
    for (const Argument& argument : verb_.arguments) {
      if (!argument.is_optional) ++needed;
      is_endless = is_endless || argument.is_repeatable;
    }
    const std::size_t given = arguments_.positional.size();
    if (given < needed) {
      return absl::InvalidArgumentError(absl::StrCat("missing ", verb_.arguments[given].name));
    }
    if (given > verb_.arguments.size() && !is_endless) {
      return absl::InvalidArgumentError(
          absl::StrCat("\"", arguments_.positional[verb_.arguments.size()], "\" is one argument too many"));
    }
    return absl::OkStatus();
  }

  const Verb& verb_;
  const std::vector<std::string>& words_;
  std::size_t at_ = 0;
  Arguments arguments_;
};

}  // namespace

const std::vector<Flag>& global_flags() {
  static const std::vector<Flag>* const flags = new std::vector<Flag>{
      {.name = "output",
       .letter = 'o',
       .value = "FORM",
       .doc = "How stdout is written",
       .choices = {"table", "wide", "json", "jsonl", "yaml", "name"}},
      {.name = "no-headers", .doc = "Tables without their first line"},
      {.name = "quiet", .letter = 'q', .doc = "Nothing on stderr but errors"},
      {.name = "verbose", .letter = 'v', .doc = "Tell on stderr which server is asked and how long it took"},
      {.name = "timeout", .value = "DURATION", .doc = "Give up after so long: 1.5s, 2m; then the exit code is 124"},
      {.name = "address",
       .value = "HOST:PORT",
       .doc = "The server; else $NOVELO_ADDRESS, the current context of the configuration, 127.0.0.1:7570"},
      {.name = "help", .letter = 'h', .doc = "Explain this command"},
  };
  return *flags;
}

absl::StatusOr<Arguments> parse(const Verb& verb, const std::vector<std::string>& words) {
  return Parser(verb, words).run();
}

bool is_value(std::string_view word) {
  if (word.empty() || word.front() != '-' || word == "-") return true;
  const std::size_t digit = word.size() > 1 && word[1] == '.' ? 2 : 1;
  return word == "-inf" || (word.size() > digit && std::isdigit(static_cast<unsigned char>(word[digit])) != 0);
}

absl::StatusOr<absl::Duration> parse_duration(std::string_view flag, const std::string& text) {
  absl::Duration duration;
  double seconds = 0;
  if (absl::SimpleAtod(text, &seconds) && seconds == seconds) {
    duration = absl::Seconds(seconds);
  } else if (!absl::ParseDuration(text, &duration)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--", std::string(flag), ": \"", text, "\" is no duration; write 1.5s, 200ms, 2m or 1h30m"));
  }
  if (duration < absl::ZeroDuration()) {
    return absl::InvalidArgumentError(absl::StrCat("--", std::string(flag), ": \"", text, "\" is negative"));
  }
  return duration;
}

absl::StatusOr<absl::Time> parse_time(std::string_view flag, const std::string& text) {
  absl::Time time;
  std::string why;
  if (!absl::ParseTime(absl::RFC3339_full, text, &time, &why)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--", std::string(flag), ": \"", text, "\" is no time; write 2026-11-25T10:00:00Z"));
  }
  return time;
}

absl::StatusOr<int> parse_int(std::string_view flag, const std::string& text, int min, int max) {
  int number = 0;
  if (!absl::SimpleAtoi(text, &number) || number < min || number > max) {
    return absl::InvalidArgumentError(
        absl::StrCat("--", std::string(flag), ": \"", text, "\" is no whole number from ", min, " to ", max));
  }
  return number;
}

}  // namespace novelo::cli
