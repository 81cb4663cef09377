// client/src/message_json.cc
// protobuf's JSON reader sets what it has read before it fails, so a message is parsed beside the one it is merged
// into.
#include "message_json.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/util/json_util.h>

#include <memory>

#include "absl/strings/str_cat.h"

namespace novelo::client {
namespace {

// protobuf's own view type, which a std::string_view does not convert to.
google::protobuf::StringPiece view(std::string_view text) {
  return {text.data(), text.size()};
}

bool wraps_a_value(const google::protobuf::Descriptor& type) {
  return type.field_count() == 1 && type.field(0)->name() == "value";
}

bool is_object(std::string_view json) {
  const std::size_t first = json.find_first_not_of(" \t\r\n");
  return first == std::string_view::npos || json[first] == '{';
}

}  // namespace

absl::StatusOr<std::string> to_json(const google::protobuf::Message& message, JsonLayout layout) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  options.add_whitespace = layout == JsonLayout::kIndented;
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(message, &json, options);
  if (!status.ok()) {
    return absl::InternalError(
        absl::StrCat("a ", message.GetDescriptor()->full_name(), " has no JSON form: ", status.ToString()));
  }
  while (!json.empty() && json.back() == '\n') json.pop_back();
  return json;
}

absl::Status merge_json(std::string_view json, google::protobuf::Message* message) {
  std::string text(json);
  if (!is_object(json) && wraps_a_value(*message->GetDescriptor())) text = absl::StrCat("{\"value\":", text, "}");
  std::unique_ptr<google::protobuf::Message> parsed(message->New());
  const auto status = google::protobuf::util::JsonStringToMessage(view(text), parsed.get());
  if (!status.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the JSON is no ", message->GetDescriptor()->full_name(), ": ",
                     absl::string_view(status.message().data(), status.message().size())));
  }
  message->MergeFrom(*parsed);
  return absl::OkStatus();
}

}  // namespace novelo::client
