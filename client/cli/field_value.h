// client/cli/field_value.h
// The text of a flag as the value of a protobuf field: numbers with their range checked, enums by name, durations
// "1.5s", times in RFC 3339, map entries key=value, messages as JSON, bytes as they stand or from @FILE.
// Pure but for @FILE; tested in tests/unit/client/field_value_test.cc.
#ifndef NOVELO_CLIENT_CLI_FIELD_VALUE_H_
#define NOVELO_CLIENT_CLI_FIELD_VALUE_H_

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace novelo::cli {

// Sets `field` of `message` (adds to it, when it is repeated or a map). kInvalidArgument begins with `flag` and says
// what the field takes.
absl::Status set_field(google::protobuf::Message* message, const google::protobuf::FieldDescriptor& field,
                       std::string_view flag, const std::string& text);

// What stands for the field's value in help: "INT32", "DURATION", "KEY=VALUE".
std::string value_name(const google::protobuf::FieldDescriptor& field);

// What the field takes, in words: "a whole number from 0 to 4294967295 (uint32)".
std::string value_words(const google::protobuf::FieldDescriptor& field);

// The names an enum field takes, "true" and "false" of a bool; empty for others.
std::vector<std::string> value_choices(const google::protobuf::FieldDescriptor& field);

// Whether the field holds a message that flags can open with dots, rather than a time, a duration or a list.
bool has_inner_flags(const google::protobuf::FieldDescriptor& field);

}  // namespace novelo::cli

#endif  // NOVELO_CLIENT_CLI_FIELD_VALUE_H_
