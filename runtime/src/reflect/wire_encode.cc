// Encoding in one pass into one string. The length of a nested message is not known before it is written: one byte is
// left for it, and the rare message of 128 bytes and more is moved up when its end is reached. Computing all sizes
// first would walk every container twice; writing backwards would need every container to be walked from its end.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "novelo/reflect/wire.h"
#include "reflect/scalar.h"
#include "reflect/utf8.h"
#include "reflect/wire_format.h"

namespace novelo::reflect {
namespace {

enum class Presence {
  kImplicit,  // the zero value is left out
  kExplicit,  // written whatever it is
};

// Every method returns false after an error. Whoever calls it for a part then puts the part's name in front of the
// path.
class Encoder {
 public:
  bool message(const Type& type, const void* value) {
    if (type.kind() != Kind::kStruct) {
      return field(kWrappedNumber, type, value, Presence::kImplicit) || in_field(kWrappedName);
    }
    const auto* bytes = static_cast<const std::byte*>(value);
    for (const Field& f : type.fields()) {
      const Presence presence = f.has_default() ? Presence::kExplicit : Presence::kImplicit;
      if (!field(static_cast<std::uint32_t>(f.number()), f.type(), bytes + f.offset(), presence)) {
        return in_field(f.name());
      }
    }
    return true;
  }

  absl::StatusOr<std::string> finish(bool is_complete) {
    if (!is_complete) return absl::InvalidArgumentError(absl::StrCat("field `", path_, "`: ", error_));
    if (out_.size() > kWireBytesMax) {
      return absl::ResourceExhaustedError(
          absl::StrCat("the message has ", out_.size(), " bytes; protobuf allows ", kWireBytesMax));
    }
    return std::move(out_);
  }

 private:
  bool field(std::uint32_t number, const Type& type, const void* value, Presence presence) {
    switch (type.kind()) {
      case Kind::kVector:
        return repeated(number, type, value);
      case Kind::kMap:
        return map(number, type, value);
      case Kind::kOptional:
        return type.operations().each(value, [&](const void* held) { return singular(number, type.element(), held); });
      default:
        if (presence == Presence::kImplicit && is_scalar(type.kind()) && is_zero(type, value)) return true;
        return singular(number, type, value);
    }
  }

  // One value with its tag.
  bool singular(std::uint32_t number, const Type& type, const void* value) {
    tag(number, wire_type_of(type.kind()));
    return payload(type, value);
  }

  bool payload(const Type& type, const void* value) {
    switch (type.kind()) {
      case Kind::kString:
      case Kind::kBytes: {
        const std::string_view text = type.operations().text(value);
        if (type.kind() == Kind::kString && !is_utf8(text)) {
          return fail("the text is not UTF-8, which protobuf wants of a string; use bytes for other data");
        }
        varint(text.size());
        out_.append(text);
        return true;
      }
      case Kind::kStruct:
        if (depth_ == kWireDepthMax) {
          return fail(absl::StrCat("messages are nested more than ", kWireDepthMax, " deep"));
        }
        return length_delimited([&] {
          ++depth_;
          const bool is_complete = message(type, value);
          --depth_;
          return is_complete;
        });
      case Kind::kTime:
        return time(*static_cast<const absl::Time*>(value));
      case Kind::kDuration:
        return duration(*static_cast<const absl::Duration*>(value));
      case Kind::kFloat:
      case Kind::kDouble:
        fixed(value, type.size());
        return true;
      default:
        if (!is_integral(type.kind()))
          return fail(absl::StrCat("a ", std::string(type.name()), " has no wire form here"));
        varint(wire_integer(type, value));
        return true;
    }
  }

  // Enums travel as int32 whatever they are stored as.
  static std::uint64_t wire_integer(const Type& type, const void* value) {
    const std::uint64_t number = load_integer(type, value);
    if (type.kind() != Kind::kEnum) return number;
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(static_cast<std::int32_t>(number)));
  }

  bool repeated(std::uint32_t number, const Type& type, const void* value) {
    const Type& element = type.element();
    std::size_t index = 0;
    if (is_packable(element.kind()) && is_scalar(element.kind())) {
      if (type.operations().count(value) == 0) return true;
      tag(number, WireType::kLength);
      return length_delimited(
          [&] { return type.operations().each(value, [&](const void* item) { return payload(element, item); }); });
    }
    return type.operations().each(value, [&](const void* item) {
      if (!singular(number, element, item)) return in_element(absl::StrCat(index));
      ++index;
      return true;
    });
  }

  bool map(std::uint32_t number, const Type& type, const void* value) {
    return type.operations().each_entry(value, [&](const void* key, const void* mapped) {
      tag(number, WireType::kLength);
      return length_delimited([&] {
        if (!singular(kKeyNumber, type.key(), key)) return in_element("key");
        if (singular(kMappedNumber, type.element(), mapped)) return true;
        return in_element(to_json_text(type.key(), key));
      });
    });
  }

  bool time(absl::Time time) {
    if (time == absl::InfiniteFuture()) return seconds_and_nanos(kTimestampSecondsMax, kNanosMax);
    if (time == absl::InfinitePast()) return seconds_and_nanos(kTimestampSecondsMin, 0);
    const std::int64_t seconds = absl::ToUnixSeconds(time);  // rounds down, so that nanoseconds are never negative
    if (seconds < kTimestampSecondsMin || seconds > kTimestampSecondsMax) {
      return fail("the time is outside the years 1 to 9999 that protobuf allows");
    }
    return seconds_and_nanos(seconds, absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds)));
  }

  bool duration(absl::Duration duration) {
    if (duration == absl::InfiniteDuration()) return seconds_and_nanos(kDurationSecondsMax, 0);
    if (duration == -absl::InfiniteDuration()) return seconds_and_nanos(-kDurationSecondsMax, 0);
    absl::Duration rest;
    const std::int64_t seconds = absl::IDivDuration(duration, absl::Seconds(1), &rest);
    if (seconds < -kDurationSecondsMax || seconds > kDurationSecondsMax) {
      return fail("the duration is longer than the 10,000 years that protobuf allows");
    }
    return seconds_and_nanos(seconds, absl::ToInt64Nanoseconds(rest));
  }

  bool seconds_and_nanos(std::int64_t seconds, std::int64_t nanos) {
    return length_delimited([&] {
      if (seconds != 0) {
        tag(kSecondsNumber, WireType::kVarint);
        varint(static_cast<std::uint64_t>(seconds));
      }
      if (nanos != 0) {
        tag(kNanosNumber, WireType::kVarint);
        varint(static_cast<std::uint64_t>(nanos));
      }
      return true;
    });
  }

  template <class Write>
  bool length_delimited(Write write) {
    const std::size_t length_at = out_.size();
    out_.push_back('\0');
    const std::size_t start = out_.size();
    if (!write()) return false;
    const std::size_t length = out_.size() - start;
    if (length < 0x80) {
      out_[length_at] = static_cast<char>(length);
      return true;
    }
    char bytes[kVarintBytesMax];
    const std::size_t count = put_varint(bytes, length);
    out_[length_at] = bytes[0];
    out_.insert(start, bytes + 1, count - 1);
    return true;
  }

  void tag(std::uint32_t number, WireType type) { varint(make_tag(number, type)); }

  void varint(std::uint64_t value) {
    char bytes[kVarintBytesMax];
    out_.append(bytes, put_varint(bytes, value));
  }

  static std::size_t put_varint(char* bytes, std::uint64_t value) {
    std::size_t count = 0;
    for (; value >= 0x80; value >>= 7) bytes[count++] = static_cast<char>(value | 0x80);
    bytes[count++] = static_cast<char>(value);
    return count;
  }

  // Both architectures store numbers as the wire wants them, the low byte first.
  void fixed(const void* value, std::size_t size) { out_.append(static_cast<const char*>(value), size); }

  bool fail(std::string error) {
    error_ = std::move(error);
    return false;
  }
  bool in_field(std::string_view name) {
    const bool joins = path_.empty() || path_.front() == '[';
    path_.insert(0, joins ? std::string(name) : absl::StrCat(std::string(name), "."));
    return false;
  }
  bool in_element(const std::string& index) {
    const bool joins = path_.empty() || path_.front() == '[';
    path_.insert(0, absl::StrCat("[", index, joins ? "]" : "]."));
    return false;
  }

  std::string out_;
  std::string error_;
  std::string path_;
  int depth_ = 1;
};

}  // namespace

absl::StatusOr<std::string> to_wire(const Type& type, const void* value) {
  Encoder encoder;
  return encoder.finish(encoder.message(type, value));
}

}  // namespace novelo::reflect
