// client/src/message_json.h
// Messages as JSON and back, by protobuf's own JSON mapping with the fields' own names (`line_number`, not
// `lineNumber`; both are read). 64-bit integers are strings, bytes are base64, times are RFC 3339, as that mapping
// says. Pure; tested in tests/unit/client/message_json_test.cc.
#ifndef NOVELO_CLIENT_SRC_MESSAGE_JSON_H_
#define NOVELO_CLIENT_SRC_MESSAGE_JSON_H_

#include <google/protobuf/message.h>

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace novelo::client {

enum class JsonLayout { kOneLine, kIndented };

// Every field is there, those with their zero value too: what reads the text can rely on its shape.
absl::StatusOr<std::string> to_json(const google::protobuf::Message& message, JsonLayout layout);

// Merges `json` into `message`. A message that only wraps one value (its one field is called `value`) may be written
// as that value. kInvalidArgument names the field and says what is wrong with it.
absl::Status merge_json(std::string_view json, google::protobuf::Message* message);

}  // namespace novelo::client

#endif  // NOVELO_CLIENT_SRC_MESSAGE_JSON_H_
