// client/cli/field_value.cc
// A value is parsed first and then either set or added: one table of types, whether the field is singular, repeated or
// a map's key or value.
#include "field_value.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <type_traits>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "line_reader.h"
#include "message_json.h"
#include "suggest.h"

namespace novelo::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

bool is_type(const FieldDescriptor& field, const char* full_name) {
  return field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && field.message_type()->full_name() == full_name;
}
bool is_duration(const FieldDescriptor& field) {
  return is_type(field, "google.protobuf.Duration");
}
bool is_time(const FieldDescriptor& field) {
  return is_type(field, "google.protobuf.Timestamp");
}

// One element of the field: the field itself, or what a repeated one repeats.
std::string element_words(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return "a whole number from -2147483648 to 2147483647 (int32)";
    case FieldDescriptor::CPPTYPE_UINT32:
      return "a whole number from 0 to 4294967295 (uint32)";
    case FieldDescriptor::CPPTYPE_INT64:
      return "a whole number from -9223372036854775808 to 9223372036854775807 (int64)";
    case FieldDescriptor::CPPTYPE_UINT64:
      return "a whole number from 0 to 18446744073709551615 (uint64)";
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return "a number (double)";
    case FieldDescriptor::CPPTYPE_FLOAT:
      return "a number (float)";
    case FieldDescriptor::CPPTYPE_BOOL:
      return "true or false (bool)";
    case FieldDescriptor::CPPTYPE_ENUM:
      return absl::StrCat("one of ", absl::StrJoin(value_choices(field), ", "));
    case FieldDescriptor::CPPTYPE_STRING:
      return field.type() == FieldDescriptor::TYPE_BYTES ? "bytes, or @FILE to read them from a file" : "text (string)";
    case FieldDescriptor::CPPTYPE_MESSAGE:
      if (is_duration(field)) return "a duration like 1.5s, 200ms, 2m or 1h30m";
      if (is_time(field)) return "a time like 2026-11-25T10:00:00Z";
      return absl::StrCat("JSON of a ", field.message_type()->full_name());
  }
  return "";
}

absl::Status wrong(std::string_view flag, const std::string& text, const FieldDescriptor& field) {
  return absl::InvalidArgumentError(absl::StrCat(std::string(flag), ": \"", text, "\" is not ", element_words(field)));
}

template <class Integer>
std::optional<Integer> parse_integer(const std::string& text) {
  Integer number = 0;
  const bool is_negative = absl::StartsWith(text, "-");
  if (is_negative && std::is_unsigned_v<Integer>) return std::nullopt;
  const std::string_view digits = std::string_view(text).substr(is_negative ? 1 : 0);
  if (absl::StartsWithIgnoreCase({digits.data(), digits.size()}, "0x")) {
    if (!absl::SimpleHexAtoi({text.data(), text.size()}, &number)) return std::nullopt;
    return number;
  }
  if (!absl::SimpleAtoi(text, &number)) return std::nullopt;
  return number;
}

std::optional<bool> parse_bool(const std::string& text) {
  if (text == "true" || text == "yes" || text == "on" || text == "1") return true;
  if (text == "false" || text == "no" || text == "off" || text == "0") return false;
  return std::nullopt;
}

// By name, whatever its letters' case and with - for _, or by number.
const EnumValueDescriptor* parse_enum(const FieldDescriptor& field, const std::string& text) {
  const auto& type = *field.enum_type();
  if (const EnumValueDescriptor* exact = type.FindValueByName(text)) return exact;
  std::string wanted = absl::AsciiStrToLower(text);
  std::replace(wanted.begin(), wanted.end(), '-', '_');
  for (int i = 0; i < type.value_count(); ++i) {
    if (absl::AsciiStrToLower(type.value(i)->name()) == wanted) return type.value(i);
  }
  int number = 0;
  return absl::SimpleAtoi(text, &number) ? type.FindValueByNumber(number) : nullptr;
}

// google.protobuf.Timestamp and Duration of the schema's own pool have these two fields.
void set_seconds_and_nanos(Message* message, absl::Duration since_zero) {
  absl::Duration rest;
  std::int64_t seconds = absl::IDivDuration(since_zero, absl::Seconds(1), &rest);
  std::int64_t nanos = absl::ToInt64Nanoseconds(rest);
  const Descriptor& type = *message->GetDescriptor();
  if (nanos < 0 && type.full_name() == "google.protobuf.Timestamp") {  // its nanos count forward
    --seconds;
    nanos += 1'000'000'000;
  }
  message->GetReflection()->SetInt64(message, type.FindFieldByNumber(1), seconds);
  message->GetReflection()->SetInt32(message, type.FindFieldByNumber(2), static_cast<std::int32_t>(nanos));
}

// Fills a new message element from its text.
absl::Status parse_message(const FieldDescriptor& field, std::string_view flag, const std::string& text,
                           Message* into) {
  if (is_duration(field)) {
    constexpr std::int64_t kSecondsMax = 315576000000;
    absl::Duration duration;
    double seconds = 0;
    if (absl::SimpleAtod(text, &seconds)) {
      duration = absl::Seconds(seconds);
    } else if (!absl::ParseDuration(text, &duration)) {
      return wrong(flag, text, field);
    }
    if (seconds != seconds || absl::AbsDuration(duration) > absl::Seconds(kSecondsMax)) return wrong(flag, text, field);
    set_seconds_and_nanos(into, duration);
    return absl::OkStatus();
  }
  if (is_time(field)) {
    absl::Time time;
    std::string why;
    if (!absl::ParseTime(absl::RFC3339_full, text, &time, &why)) return wrong(flag, text, field);
    if (time == absl::InfiniteFuture() || time == absl::InfinitePast()) return wrong(flag, text, field);
    set_seconds_and_nanos(into, time - absl::UnixEpoch());
    return absl::OkStatus();
  }
  absl::Status status = client::merge_json(text, into);
  if (status.ok()) return status;
  return absl::InvalidArgumentError(absl::StrCat(std::string(flag), ": ", status.message()));
}

// Whether two entries of a map have one key.
bool has_same_key(const Message& a, const Message& b) {
  std::unique_ptr<Message> keys[2] = {std::unique_ptr<Message>(a.New()), std::unique_ptr<Message>(b.New())};
  keys[0]->CopyFrom(a);
  keys[1]->CopyFrom(b);
  for (const auto& key : keys) key->GetReflection()->ClearField(key.get(), key->GetDescriptor()->map_value());
  return keys[0]->SerializeAsString() == keys[1]->SerializeAsString();
}

// An entry is added as the message it is on the wire, and replaces the one of the same key.
absl::Status set_map_entry(Message* message, const FieldDescriptor& field, std::string_view flag,
                           const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat(std::string(flag), ": \"", text, "\" is not KEY=VALUE, which a map takes"));
  }
  const Reflection& reflection = *message->GetReflection();
  const std::string key = text.substr(0, equals);
  Message* entry = reflection.AddMessage(message, &field);
  const Descriptor& type = *field.message_type();
  absl::Status status = set_field(entry, *type.map_key(), absl::StrCat(std::string(flag), ", the key"), key);
  if (!status.ok()) return status;
  status = set_field(entry, *type.map_value(), absl::StrCat(std::string(flag), ", the value of ", key),
                     text.substr(equals + 1));
  if (!status.ok()) return status;
  const int last = reflection.FieldSize(*message, &field) - 1;
  for (int i = 0; i < last; ++i) {
    if (!has_same_key(reflection.GetRepeatedMessage(*message, &field, i), *entry)) continue;
    reflection.SwapElements(message, &field, i, last);
    reflection.RemoveLast(message, &field);
    break;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status set_field(Message* message, const FieldDescriptor& field, std::string_view flag, const std::string& text) {
  if (field.is_map()) return set_map_entry(message, field, flag, text);
  const Reflection& r = *message->GetReflection();
  const bool adds = field.is_repeated();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      if (const auto v = parse_integer<std::int32_t>(text)) {
        adds ? r.AddInt32(message, &field, *v) : r.SetInt32(message, &field, *v);
        return absl::OkStatus();
      }
      break;
    case FieldDescriptor::CPPTYPE_UINT32:
      if (const auto v = parse_integer<std::uint32_t>(text)) {
        adds ? r.AddUInt32(message, &field, *v) : r.SetUInt32(message, &field, *v);
        return absl::OkStatus();
      }
      break;
    case FieldDescriptor::CPPTYPE_INT64:
      if (const auto v = parse_integer<std::int64_t>(text)) {
        adds ? r.AddInt64(message, &field, *v) : r.SetInt64(message, &field, *v);
        return absl::OkStatus();
      }
      break;
    case FieldDescriptor::CPPTYPE_UINT64:
      if (const auto v = parse_integer<std::uint64_t>(text)) {
        adds ? r.AddUInt64(message, &field, *v) : r.SetUInt64(message, &field, *v);
        return absl::OkStatus();
      }
      break;
    case FieldDescriptor::CPPTYPE_DOUBLE: {
      double v = 0;
      if (!absl::SimpleAtod(text, &v)) break;
      adds ? r.AddDouble(message, &field, v) : r.SetDouble(message, &field, v);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_FLOAT: {
      float v = 0;
      if (!absl::SimpleAtof(text, &v)) break;
      adds ? r.AddFloat(message, &field, v) : r.SetFloat(message, &field, v);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_BOOL:
      if (const auto v = parse_bool(text)) {
        adds ? r.AddBool(message, &field, *v) : r.SetBool(message, &field, *v);
        return absl::OkStatus();
      }
      break;
    case FieldDescriptor::CPPTYPE_ENUM: {
      const EnumValueDescriptor* v = parse_enum(field, text);
      if (v == nullptr) {
        return absl::InvalidArgumentError(absl::StrCat(std::string(flag), ": \"", text, "\" is not ",
                                                       element_words(field), did_you_mean(text, value_choices(field))));
      }
      adds ? r.AddEnum(message, &field, v) : r.SetEnum(message, &field, v);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string v = text;
      if (field.type() == FieldDescriptor::TYPE_BYTES && absl::StartsWith(text, "@")) {
        absl::StatusOr<std::string> content = read_file(text.substr(1), 0);
        if (!content.ok()) return content.status();
        v = *std::move(content);
      }
      adds ? r.AddString(message, &field, std::move(v)) : r.SetString(message, &field, std::move(v));
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return parse_message(field, flag, text, adds ? r.AddMessage(message, &field) : r.MutableMessage(message, &field));
  }
  return wrong(flag, text, field);
}

std::string value_name(const FieldDescriptor& field) {
  if (field.is_map()) return "KEY=VALUE";
  if (is_duration(field)) return "DURATION";
  if (is_time(field)) return "TIME";
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return "JSON";
    case FieldDescriptor::CPPTYPE_ENUM:
      return "NAME";
    default:
      return absl::AsciiStrToUpper(field.type_name());
  }
}

std::string value_words(const FieldDescriptor& field) {
  if (field.is_map()) {
    const Descriptor& entry = *field.message_type();
    return absl::StrCat("any number of KEY=VALUE, the key ", element_words(*entry.map_key()), ", the value ",
                        element_words(*entry.map_value()));
  }
  return field.is_repeated() ? absl::StrCat("any number of flags, each ", element_words(field)) : element_words(field);
}

std::vector<std::string> value_choices(const FieldDescriptor& field) {
  std::vector<std::string> names;
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_BOOL) names = {"true", "false"};
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
    for (int i = 0; i < field.enum_type()->value_count(); ++i) names.push_back(field.enum_type()->value(i)->name());
  }
  return names;
}

bool has_inner_flags(const FieldDescriptor& field) {
  return field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && !field.is_repeated() && !is_duration(field) &&
         !is_time(field);
}

}  // namespace novelo::cli
