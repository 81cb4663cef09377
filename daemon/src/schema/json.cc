// protobuf's JSON parser reports a mistake as one line of text. Its forms, as of 3.21, are taken apart here:
//   (a.b[2]) c: Cannot find field.
//   (a.b): invalid value "x" for type TYPE_INT32
//   (a) b: Proto field is not repeating, cannot start list.
//   Unexpected end of string. Expected a value.\n\n^
// Text of another form is passed on as it is, so a newer protobuf makes errors plainer, not wrong.
#include "schema/json.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/type_resolver_util.h>

#include <vector>

#include "nearest.h"
#include "rpc/error.h"

namespace novelo::daemon {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

constexpr std::string_view kUrlPrefix = "type.googleapis.com";

std::string url_of(const Descriptor& type) {
  return absl::StrCat(std::string(kUrlPrefix), "/", type.full_name());
}

// The message that the path "a.b[2].c" leads to; nullptr when it leaves what the descriptors know.
const Descriptor* follow(const Descriptor& type, std::string_view path) {
  const Descriptor* at = &type;
  for (absl::string_view step : absl::StrSplit(absl::string_view(path.data(), path.size()), '.', absl::SkipEmpty())) {
    const std::string name(step.substr(0, step.find('[')));
    const FieldDescriptor* field = at->FindFieldByName(name);
    if (field == nullptr || field->message_type() == nullptr) return nullptr;
    at = field->message_type();
  }
  return at;
}

// "TYPE_INT32" -> "int32"; "type.googleapis.com/google.protobuf.Timestamp" -> "google.protobuf.Timestamp".
std::string type_word(std::string_view type) {
  if (type.starts_with("TYPE_")) {
    type.remove_prefix(5);
    return absl::AsciiStrToLower(absl::string_view(type.data(), type.size()));
  }
  return std::string(type.substr(type.rfind('/') + 1));
}

Error unknown_field(const Descriptor& type, const std::string& scope, const std::string& name) {
  const std::string path = scope.empty() ? name : absl::StrCat(scope, ".", name);
  std::string why = "there is no such field";
  if (const Descriptor* message = follow(type, scope)) {
    std::vector<std::string_view> choices;
    for (int i = 0; i < message->field_count(); ++i) choices.push_back(message->field(i)->name());
    absl::StrAppend(&why, " in ", message->full_name(), suggestion(name, choices));
    if (nearest(name, choices).empty()) {
      absl::StrAppend(&why, choices.empty() ? "; it has none" : "; it has:");
      for (std::string_view choice : choices) absl::StrAppend(&why, " ", std::string(choice));
    }
  }
  return bad_field(path, why).metadata("field", path);
}

absl::Status explain(const Descriptor& type, std::string_view text) {
  std::string_view rest = text;
  std::string scope;
  if (rest.starts_with('(')) {
    const std::size_t close = rest.find(')');
    if (close != std::string_view::npos) {
      scope = std::string(rest.substr(1, close - 1));
      rest.remove_prefix(close + 1);
      if (rest.starts_with(' ')) rest.remove_prefix(1);
    }
  }
  if (const std::size_t colon = rest.find(": "); colon != std::string_view::npos) {
    const std::string name(rest.substr(0, colon));
    std::string_view what = rest.substr(colon + 2);
    if (what == "Cannot find field.") return unknown_field(type, scope, name);
    if (what.starts_with("invalid value ")) {
      what.remove_prefix(std::string_view("invalid value ").size());
      const std::size_t of_type = what.rfind(" for type ");
      if (of_type != std::string_view::npos) {
        const std::string value(what.substr(0, of_type));
        const std::string wanted = type_word(what.substr(of_type + 10));
        const std::string field = scope.empty() ? name : scope;
        const std::string why = absl::StrContains(value, " ") && !absl::StartsWith(value, "\"")
                                    ? value  // a sentence of its own
                                    : absl::StrCat(value, " is no value of type ", wanted);
        return bad_field(field.empty() ? "input" : field, why).metadata("field", field);
      }
    }
    if (what == "Root element must be a message.") {
      return bad_field("input", absl::StrCat("the JSON of a ", type.full_name(), " is an object: {...}"));
    }
    const std::string field = scope.empty() ? name : name.empty() ? scope : absl::StrCat(scope, ".", name);
    return bad_field(field.empty() ? "input" : field, what).metadata("field", field);
  }
  const std::string line(text.substr(0, text.find('\n')));
  return Error(absl::StatusCode::kInvalidArgument, "INVALID_JSON", absl::StrCat("not JSON: ", line))
      .field("input", line);
}

}  // namespace

JsonCodec::JsonCodec(const google::protobuf::DescriptorPool& pool)
    : resolver_(google::protobuf::util::NewTypeResolverForDescriptorPool(std::string(kUrlPrefix), &pool)) {}

JsonCodec::~JsonCodec() = default;

absl::StatusOr<std::string> JsonCodec::to_json(const Descriptor& type, const std::string& wire) const {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string json;
  const auto status = google::protobuf::util::BinaryToJsonString(resolver_.get(), url_of(type), wire, &json, options);
  if (!status.ok()) {
    return Error(
        absl::StatusCode::kInvalidArgument, "INVALID_MESSAGE",
        absl::StrCat("not a ", type.full_name(), ": ", std::string(status.message().data(), status.message().size())));
  }
  return json;
}

absl::StatusOr<std::string> JsonCodec::from_json(const Descriptor& type, std::string_view json) const {
  google::protobuf::util::JsonParseOptions options;
  options.case_insensitive_enum_parsing = true;
  std::string wire;
  const auto status = google::protobuf::util::JsonToBinaryString(
      resolver_.get(), url_of(type), google::protobuf::StringPiece(json.data(), json.size()), &wire, options);
  if (!status.ok()) return explain(type, {status.message().data(), status.message().size()});
  return wire;
}

absl::Status JsonCodec::check(const Descriptor& type, const std::string& wire) const {
  google::protobuf::DynamicMessageFactory factory;
  const std::unique_ptr<google::protobuf::Message> message(factory.GetPrototype(&type)->New());
  if (message->ParseFromString(wire)) return absl::OkStatus();
  return bad_field("input_proto", absl::StrCat("the bytes are no message of type ", type.full_name()));
}

}  // namespace novelo::daemon
