// client/cli/parse.h
// From words to Arguments, by the flags a verb describes. Pure; tested in tests/unit/client/parse_test.cc.
//
//   --name VALUE, --name=VALUE, -o VALUE, -oVALUE, -o=VALUE; switches may be joined (-qv); `--` ends the flags.
//   A value that is the next word may not begin with '-', unless it is "-" or a negative number: `--path --top 5` is a
//   forgotten path, and `--path=--top` says it was meant.
//   Of a verb that takes fields, flags it does not know are the task's, once the task was named.
#ifndef NOVELO_CLIENT_CLI_PARSE_H_
#define NOVELO_CLIENT_CLI_PARSE_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "command.h"

namespace novelo::cli {

// The flags that every verb takes.
const std::vector<Flag>& global_flags();

// kInvalidArgument names the word, what is wrong with it and the nearest right one.
absl::StatusOr<Arguments> parse(const Verb& verb, const std::vector<std::string>& words);

// Whether a word may follow a flag as its value.
bool is_value(std::string_view word);

// "1.5s", "2m", "1h30m"; a bare number is seconds. kInvalidArgument names `flag`.
absl::StatusOr<absl::Duration> parse_duration(std::string_view flag, const std::string& text);

// RFC 3339, "2026-11-25T10:00:00Z". kInvalidArgument names `flag`.
absl::StatusOr<absl::Time> parse_time(std::string_view flag, const std::string& text);

// A whole number from `min` to `max`. kInvalidArgument names `flag`.
absl::StatusOr<int> parse_int(std::string_view flag, const std::string& text, int min, int max);

}  // namespace novelo::cli

#endif  // NOVELO_CLIENT_CLI_PARSE_H_
