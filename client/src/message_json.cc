// client/src/message_json.cc
// protobuf's JSON reader sets what it has read before it fails, so a message is parsed beside the one it is merged
// into.
#include "message_json.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/util/json_util.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

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

// The message that the path "a.b[2].c" leads to; null where it leaves what the descriptors know.
const google::protobuf::Descriptor* follow(const google::protobuf::Descriptor* type, std::string_view path) {
  for (const auto step : absl::StrSplit(absl::string_view(path.data(), path.size()), '.', absl::SkipEmpty())) {
    const auto* field = type->FindFieldByName(std::string(step.substr(0, step.find('['))));
    if (field == nullptr || field->message_type() == nullptr) return nullptr;
    type = field->message_type();
  }
  return type;
}

// protobuf says "(a.b) c: Cannot find field." and "(a.b): invalid value "x" for type TYPE_INT32"; other texts stay as
// they are.
std::string explain(const google::protobuf::Descriptor& type, std::string_view text) {
  constexpr std::string_view kNoField = ": Cannot find field.";
  constexpr std::string_view kInvalid = ": invalid value ";
  constexpr std::string_view kForType = " for type TYPE_";
  std::string_view scope, rest = text.substr(0, text.find('\n'));
  if (const std::size_t end = rest.find(')'); !rest.empty() && rest.front() == '(' && end != std::string_view::npos) {
    scope = rest.substr(1, end - 1);
    rest.remove_prefix(end + 1);
    if (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
  }
  const auto path = [&](std::string_view name) {
    return absl::StrCat(std::string(scope), scope.empty() || name.empty() ? "" : ".", std::string(name));
  };
  if (rest.size() > kNoField.size() && rest.substr(rest.size() - kNoField.size()) == kNoField) {
    std::string words = absl::StrCat("there is no field \"", path(rest.substr(0, rest.size() - kNoField.size())), "\"");
    const auto* inner = follow(&type, scope);
    if (inner == nullptr) return words;
    std::vector<std::string> names;
    for (int i = 0; i < inner->field_count(); ++i) names.push_back(inner->field(i)->name());
    return absl::StrCat(words, ", only: ", absl::StrJoin(names, ", "));
  }
  const std::size_t invalid = rest.find(kInvalid);
  const std::size_t for_type = rest.rfind(kForType);
  if (invalid != std::string_view::npos && for_type != std::string_view::npos && for_type > invalid) {
    const std::string_view value = rest.substr(invalid + kInvalid.size(), for_type - invalid - kInvalid.size());
    const std::string_view name = rest.substr(for_type + kForType.size());
    return absl::StrCat(path(rest.substr(0, invalid)), ": ", std::string(value), " is no ",
                        absl::AsciiStrToLower(absl::string_view(name.data(), name.size())));
  }
  return std::string(text);
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
                     explain(*message->GetDescriptor(), {status.message().data(), status.message().size()})));
  }
  message->MergeFrom(*parsed);
  return absl::OkStatus();
}

}  // namespace novelo::client
