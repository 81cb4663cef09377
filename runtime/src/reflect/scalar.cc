// Numbers are read and written by memcpy, since only their size and sign are known and any alignment trick would have
// to be right for every kind.
#include "reflect/scalar.h"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"

namespace novelo::reflect {
namespace {

template <class T>
T load(const void* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

template <class T>
std::uint64_t load_extended(const void* at) {
  return static_cast<std::uint64_t>(static_cast<std::int64_t>(load<T>(at)));  // of an unsigned T nothing is extended
}

template <class T>
bool store_checked(void* at, std::uint64_t value) {
  const T narrow = static_cast<T>(value);
  if (load_extended<T>(&narrow) != value) return false;
  std::memcpy(at, &narrow, sizeof narrow);
  return true;
}

// What integer an enum is stored as; other kinds are themselves.
Kind storage_kind(const Type& type) {
  if (type.kind() != Kind::kEnum) return type.kind();
  switch (type.size()) {
    case 1:
      return type.is_signed() ? Kind::kInt8 : Kind::kUint8;
    case 2:
      return type.is_signed() ? Kind::kInt16 : Kind::kUint16;
    default:
      return type.is_signed() ? Kind::kInt32 : Kind::kUint32;
  }
}

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          absl::StrAppend(&out, "\\u", absl::Hex(static_cast<unsigned char>(c), absl::kZeroPad4));
        } else {
          out += c;
        }
    }
  }
  return out + "\"";
}

template <class T>
std::string float_text(T value) {
  if (std::isnan(value)) return "\"NaN\"";
  if (std::isinf(value)) return value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  std::array<char, 32> digits;
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  return std::string(digits.data(), end);
}

std::string enum_text(const Type& type, const void* at) {
  const auto number = static_cast<std::int32_t>(load_integer(type, at));
  for (const Enumerator& enumerator : type.enumerators()) {
    if (enumerator.number == number) return json_string(enumerator.name);
  }
  return absl::StrCat(number);
}

std::string duration_text(absl::Duration duration) {
  if (duration == absl::InfiniteDuration()) return "\"Infinity\"";
  if (duration == -absl::InfiniteDuration()) return "\"-Infinity\"";
  absl::Duration rest = absl::AbsDuration(duration);
  const std::int64_t seconds = absl::IDivDuration(rest, absl::Seconds(1), &rest);
  const std::int64_t nanoseconds = absl::ToInt64Nanoseconds(rest);
  std::string text = absl::StrCat(duration < absl::ZeroDuration() ? "-" : "", seconds);
  if (nanoseconds != 0) {
    absl::StrAppendFormat(&text, ".%09d", nanoseconds);
    text.erase(text.find_last_not_of('0') + 1);
  }
  return json_string(text + "s");
}

}  // namespace

bool is_integral(Kind kind) {
  switch (kind) {
    case Kind::kBool:
    case Kind::kInt8:
    case Kind::kInt16:
    case Kind::kInt32:
    case Kind::kInt64:
    case Kind::kUint8:
    case Kind::kUint16:
    case Kind::kUint32:
    case Kind::kUint64:
    case Kind::kEnum:
      return true;
    default:
      return false;
  }
}

bool is_signed_integral(const Type& type) {
  switch (storage_kind(type)) {
    case Kind::kInt8:
    case Kind::kInt16:
    case Kind::kInt32:
    case Kind::kInt64:
      return true;
    default:
      return false;
  }
}

std::uint64_t load_integer(const Type& type, const void* at) {
  switch (storage_kind(type)) {
    case Kind::kBool:
    case Kind::kUint8:
      return load_extended<std::uint8_t>(at);
    case Kind::kInt8:
      return load_extended<std::int8_t>(at);
    case Kind::kInt16:
      return load_extended<std::int16_t>(at);
    case Kind::kUint16:
      return load_extended<std::uint16_t>(at);
    case Kind::kInt32:
      return load_extended<std::int32_t>(at);
    case Kind::kUint32:
      return load_extended<std::uint32_t>(at);
    default:
      return load<std::uint64_t>(at);
  }
}

bool store_integer(const Type& type, void* at, std::uint64_t value) {
  switch (storage_kind(type)) {
    case Kind::kBool: {
      const bool flag = value != 0;
      std::memcpy(at, &flag, sizeof flag);
      return true;
    }
    case Kind::kInt8:
      return store_checked<std::int8_t>(at, value);
    case Kind::kInt16:
      return store_checked<std::int16_t>(at, value);
    case Kind::kInt32:
      return store_checked<std::int32_t>(at, value);
    case Kind::kUint8:
      return store_checked<std::uint8_t>(at, value);
    case Kind::kUint16:
      return store_checked<std::uint16_t>(at, value);
    case Kind::kUint32:
      return store_checked<std::uint32_t>(at, value);
    default:
      std::memcpy(at, &value, sizeof value);
      return true;
  }
}

std::string integer_range(const Type& type) {
  const int bits = static_cast<int>(type.size()) * 8;
  if (type.kind() == Kind::kBool) return "false..true";
  if (is_signed_integral(type)) {
    const std::int64_t most = std::numeric_limits<std::int64_t>::max() >> (64 - bits);
    return absl::StrCat(-most - 1, "..", most);
  }
  return absl::StrCat("0..", std::numeric_limits<std::uint64_t>::max() >> (64 - bits));
}

bool is_zero(const Type& type, const void* at) {
  switch (type.kind()) {
    case Kind::kFloat:
      return std::bit_cast<std::uint32_t>(load<float>(at)) == 0;
    case Kind::kDouble:
      return std::bit_cast<std::uint64_t>(load<double>(at)) == 0;
    case Kind::kString:
    case Kind::kBytes:
      return type.operations().text(at).empty();
    case Kind::kTime:
      return *static_cast<const absl::Time*>(at) == absl::UnixEpoch();
    case Kind::kDuration:
      return *static_cast<const absl::Duration*>(at) == absl::ZeroDuration();
    default:
      return load_integer(type, at) == 0;
  }
}

std::string to_json_text(const Type& type, const void* at) {
  switch (type.kind()) {
    case Kind::kBool:
      return load_integer(type, at) != 0 ? "true" : "false";
    case Kind::kFloat:
      return float_text(load<float>(at));
    case Kind::kDouble:
      return float_text(load<double>(at));
    case Kind::kString:
      return json_string(type.operations().text(at));
    case Kind::kBytes: {
      const std::string_view bytes = type.operations().text(at);
      return json_string(absl::Base64Escape(absl::string_view(bytes.data(), bytes.size())));
    }
    case Kind::kEnum:
      return enum_text(type, at);
    case Kind::kTime:
      return json_string(
          absl::FormatTime("%E4Y-%m-%dT%H:%M:%E*SZ", *static_cast<const absl::Time*>(at), absl::UTCTimeZone()));
    case Kind::kDuration:
      return duration_text(*static_cast<const absl::Duration*>(at));
    default:
      return is_signed_integral(type) ? absl::StrCat(static_cast<std::int64_t>(load_integer(type, at)))
                                      : absl::StrCat(load_integer(type, at));
  }
}

}  // namespace novelo::reflect
