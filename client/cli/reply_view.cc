// client/cli/reply_view.cc
// Only the top of a reply is laid out: what lies deeper is shown in the one line of its JSON.
#include "reply_view.h"

#include <google/protobuf/descriptor.h>

#include <cctype>
#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "message_json.h"

namespace novelo::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr int kPartsMax = 8;  // how deep messages are opened into "a.b.c" keys; deeper ones are shown as JSON

std::string upper(const std::string& name) {
  std::string result;
  for (const char c : name) result += c == '_' ? ' ' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return result;
}

bool is_number(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
    case FieldDescriptor::CPPTYPE_ENUM:
    case FieldDescriptor::CPPTYPE_STRING:
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return false;
    default:
      return !field.is_repeated();
  }
}

bool is_time_or_duration(const Descriptor& type) {
  return type.full_name() == "google.protobuf.Timestamp" || type.full_name() == "google.protobuf.Duration";
}

// google.protobuf.Timestamp and Duration have the same two fields.
std::string time_text(const Message& message) {
  const Descriptor& type = *message.GetDescriptor();
  const Reflection& reflection = *message.GetReflection();
  const std::int64_t seconds = reflection.GetInt64(message, type.FindFieldByNumber(1));
  const std::int32_t nanos = reflection.GetInt32(message, type.FindFieldByNumber(2));
  if (type.full_name() == "google.protobuf.Duration") {
    return absl::FormatDuration(absl::Seconds(seconds) + absl::Nanoseconds(nanos));
  }
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", absl::FromUnixSeconds(seconds) + absl::Nanoseconds(nanos),
                          absl::UTCTimeZone());
}

std::string message_text(const Message& message) {
  if (is_time_or_duration(*message.GetDescriptor())) return time_text(message);
  const absl::StatusOr<std::string> json = client::to_json(message, client::JsonLayout::kOneLine);
  return json.ok() ? *json : std::string(json.status().message());
}

std::string bytes_text(const FieldDescriptor& field, const std::string& text) {
  return field.type() == FieldDescriptor::TYPE_BYTES ? absl::Base64Escape(text) : text;
}

std::string enum_text(const google::protobuf::EnumDescriptor& type, int number) {
  const auto* value = type.FindValueByNumber(number);
  return value == nullptr ? absl::StrCat(number) : value->name();
}

std::string singular_text(const Message& message, const FieldDescriptor& field) {
  const Reflection& r = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return absl::StrCat(r.GetInt32(message, &field));
    case FieldDescriptor::CPPTYPE_INT64:
      return absl::StrCat(r.GetInt64(message, &field));
    case FieldDescriptor::CPPTYPE_UINT32:
      return absl::StrCat(r.GetUInt32(message, &field));
    case FieldDescriptor::CPPTYPE_UINT64:
      return absl::StrCat(r.GetUInt64(message, &field));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return absl::StrCat(r.GetDouble(message, &field));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return absl::StrCat(r.GetFloat(message, &field));
    case FieldDescriptor::CPPTYPE_BOOL:
      return r.GetBool(message, &field) ? "true" : "false";
    case FieldDescriptor::CPPTYPE_ENUM:
      return enum_text(*field.enum_type(), r.GetEnumValue(message, &field));
    case FieldDescriptor::CPPTYPE_STRING:
      return bytes_text(field, r.GetString(message, &field));
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return message_text(r.GetMessage(message, &field));
  }
  return "";
}

std::string element_text(const Message& message, const FieldDescriptor& field, int i) {
  const Reflection& r = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return absl::StrCat(r.GetRepeatedInt32(message, &field, i));
    case FieldDescriptor::CPPTYPE_INT64:
      return absl::StrCat(r.GetRepeatedInt64(message, &field, i));
    case FieldDescriptor::CPPTYPE_UINT32:
      return absl::StrCat(r.GetRepeatedUInt32(message, &field, i));
    case FieldDescriptor::CPPTYPE_UINT64:
      return absl::StrCat(r.GetRepeatedUInt64(message, &field, i));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return absl::StrCat(r.GetRepeatedDouble(message, &field, i));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return absl::StrCat(r.GetRepeatedFloat(message, &field, i));
    case FieldDescriptor::CPPTYPE_BOOL:
      return r.GetRepeatedBool(message, &field, i) ? "true" : "false";
    case FieldDescriptor::CPPTYPE_ENUM:
      return enum_text(*field.enum_type(), r.GetRepeatedEnumValue(message, &field, i));
    case FieldDescriptor::CPPTYPE_STRING:
      return bytes_text(field, r.GetRepeatedString(message, &field, i));
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      const Message& element = r.GetRepeatedMessage(message, &field, i);
      if (!field.is_map()) return message_text(element);
      const Descriptor& entry = *element.GetDescriptor();
      return absl::StrCat(singular_text(element, *entry.map_key()), "=", singular_text(element, *entry.map_value()));
    }
  }
  return "";
}

bool is_table(const FieldDescriptor& field) {
  return field.is_repeated() && !field.is_map() && field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
         !is_time_or_duration(*field.message_type());
}

Table table_of(const Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  Table table;
  table.title = field.name();
  table.columns = reply_columns(*field.message_type());
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    table.rows.push_back(reply_cells(reflection.GetRepeatedMessage(message, &field, i)));
  }
  return table;
}

// A list that is the whole reply: a row an element.
Table list_of(const Message& message, const FieldDescriptor& field) {
  Table table;
  table.title = field.name();
  if (field.is_map()) {
    const Descriptor& entry = *field.message_type();
    table.columns = {{.name = "KEY"}, {.name = "VALUE"}};
    if (is_number(*entry.map_value())) table.columns[1].align = Align::kRight;
  } else {
    table.columns = {{.name = upper(field.name())}};
  }
  const Reflection& reflection = *message.GetReflection();
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    if (field.is_map()) {
      const Message& entry = reflection.GetRepeatedMessage(message, &field, i);
      table.rows.push_back({singular_text(entry, *entry.GetDescriptor()->map_key()),
                            singular_text(entry, *entry.GetDescriptor()->map_value())});
    } else {
      table.rows.push_back({element_text(message, field, i)});
    }
  }
  return table;
}

// The lines and tables of `message`, whose fields' keys begin with `prefix`.
void collect(const Message& message, const std::string& prefix, int parts, KeyValues& lines, View& tables) {
  const Descriptor& type = *message.GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    const std::string key = prefix + field.name();
    const bool is_message = field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    if (is_table(field)) {
      Table table = table_of(message, field);
      table.title = key;
      tables.push_back(std::move(table));
    } else if (is_message && !field.is_repeated() && !is_time_or_duration(*field.message_type()) && parts < kPartsMax) {
      if (message.GetReflection()->HasField(message, &field)) {
        collect(message.GetReflection()->GetMessage(message, &field), key + ".", parts + 1, lines, tables);
      }
    } else if (const std::string text = field_text(message, field); !text.empty() || !field.has_presence()) {
      lines.lines.emplace_back(key, text);
    }
  }
}

}  // namespace

std::string field_text(const Message& message, const FieldDescriptor& field) {
  if (field.is_repeated()) {
    std::string text;
    for (int i = 0; i < message.GetReflection()->FieldSize(message, &field); ++i) {
      absl::StrAppend(&text, i == 0 ? "" : ",", element_text(message, field, i));
    }
    return text;
  }
  if (field.has_presence() && !message.GetReflection()->HasField(message, &field)) return "";
  return singular_text(message, field);
}

std::vector<Column> reply_columns(const Descriptor& type) {
  std::vector<Column> columns;
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    columns.push_back({.name = upper(field.name()), .align = is_number(field) ? Align::kRight : Align::kLeft});
  }
  return columns;
}

std::vector<std::string> reply_cells(const Message& message) {
  std::vector<std::string> cells;
  const Descriptor& type = *message.GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) cells.push_back(field_text(message, *type.field(i)));
  return cells;
}

View reply_view(const Message& reply) {
  const Descriptor& type = *reply.GetDescriptor();
  if (type.field_count() == 1 && type.field(0)->is_repeated() && !is_table(*type.field(0))) {
    return {list_of(reply, *type.field(0))};
  }
  KeyValues lines;
  View view;
  collect(reply, "", 1, lines, view);
  if (!lines.lines.empty()) view.push_back(std::move(lines));
  return view;
}

}  // namespace novelo::cli
