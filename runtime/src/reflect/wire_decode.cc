// Decoding by recursive descent over the bytes. Every length is compared with what is left of the enclosing message
// before anything is done with it, and whatever a message makes us hold is counted, so that no input, however made,
// costs more memory than kDecodedBytesMax or more stack than kWireDepthMax levels.
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <cstring>
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

constexpr std::size_t kFieldsMax = 256;  // of one struct; what NOVELO_REFLECT can list

std::string_view name_of(WireType type) {
  switch (type) {
    case WireType::kVarint:
      return "varint";
    case WireType::kFixed64:
      return "64-bit";
    case WireType::kLength:
      return "length-delimited";
    case WireType::kStartGroup:
      return "group";
    case WireType::kEndGroup:
      return "end of group";
    case WireType::kFixed32:
      return "32-bit";
  }
  return "unknown";
}

// What is left of one message or one run of packed numbers.
struct Input {
  const char* at;
  const char* end;

  bool is_done() const { return at == end; }
  std::size_t left() const { return static_cast<std::size_t>(end - at); }
};

struct Tag {
  std::uint32_t number;
  WireType type;
};

// Empties the containers of a default-constructed struct: on the wire, absent means empty.
void clear_containers(const Type& type, void* value) {
  if (type.operations().clear != nullptr) type.operations().clear(value);
  auto* bytes = static_cast<std::byte*>(value);
  for (const Field& field : type.fields()) {
    if (field.type().operations().clear != nullptr) field.type().operations().clear(bytes + field.offset());
  }
}

// Every method returns false after an error. Whoever calls it for a part then puts the part's name in front of the
// path.
class Decoder {
 public:
  explicit Decoder(std::string_view message) : start_(message.data()) {}

  bool message(const Type& type, Input in, void* value) {
    if (type.kind() != Kind::kStruct) return wrapped(type, in, value);
    auto* bytes = static_cast<std::byte*>(value);
    std::bitset<kFieldsMax> seen;
    while (!in.is_done()) {
      Tag tag;
      if (!read_tag(in, tag)) return false;
      if (tag.number > type.fields().size()) {
        if (!skip(in, tag, depth_)) return false;
        continue;
      }
      const std::size_t index = tag.number - 1;
      const Field& f = type.fields()[index];
      void* at = bytes + f.offset();
      if (f.type().kind() == Kind::kStruct && !seen[index]) make_fresh(f.type(), at);
      seen[index] = true;
      if (!field(f.type(), tag, in, at)) return in_field(f.name());
    }
    return true;
  }

  absl::Status finish(bool is_complete) const {
    if (is_complete) return absl::OkStatus();
    const std::string where = path_.empty() ? std::string("the message") : absl::StrCat("field `", path_, "`");
    const std::string text = absl::StrCat(where, ": ", error_);
    return is_too_large_ ? absl::ResourceExhaustedError(text) : absl::InvalidArgumentError(text);
  }

 private:
  bool wrapped(const Type& type, Input in, void* value) {
    while (!in.is_done()) {
      Tag tag;
      if (!read_tag(in, tag)) return false;
      if (tag.number == kWrappedNumber) {
        if (!field(type, tag, in, value)) return in_field(kWrappedName);
      } else if (!skip(in, tag, depth_)) {
        return false;
      }
    }
    return true;
  }

  // A struct that is on the wire starts from its own defaults, not from those of the struct around it.
  static void make_fresh(const Type& type, void* value) {
    if (type.operations().reset != nullptr) type.operations().reset(value);
    clear_containers(type, value);
  }

  bool field(const Type& type, Tag tag, Input& in, void* value) {
    switch (type.kind()) {
      case Kind::kVector:
        return repeated(type, tag, in, value);
      case Kind::kMap:
        return entry(type, tag, in, value);
      case Kind::kOptional:
        return optional(type, tag, in, value);
      default:
        return singular(type, tag, in, value);
    }
  }

  bool singular(const Type& type, Tag tag, Input& in, void* value) {
    const WireType expected = wire_type_of(type.kind());
    if (tag.type != expected) {
      return fail(in, absl::StrCat("wire type ", std::string(name_of(tag.type)), " where ", std::string(type.name()),
                                   " takes ", std::string(name_of(expected))));
    }
    return payload(type, in, value);
  }

  bool payload(const Type& type, Input& in, void* value) {
    switch (type.kind()) {
      case Kind::kString:
      case Kind::kBytes:
        return text(type, in, value);
      case Kind::kStruct: {
        Input part;
        if (!take_length(in, part)) return false;
        return nested(in, [&] { return message(type, part, value); });
      }
      case Kind::kTime:
      case Kind::kDuration:
        return time_or_duration(type, in, value);
      case Kind::kFloat:
      case Kind::kDouble:
        if (in.left() < type.size()) return fail(in, "the message ends inside a number");
        std::memcpy(value, in.at, type.size());
        in.at += type.size();
        return true;
      default:
        return integer(type, in, value);
    }
  }

  bool text(const Type& type, Input& in, void* value) {
    Input part;
    if (!take_length(in, part)) return false;
    const std::string_view bytes(part.at, part.left());
    if (type.kind() == Kind::kString && !is_utf8(bytes)) return fail(part, "the text is not UTF-8");
    if (!charge(in, bytes.size())) return false;
    type.operations().set_text(value, bytes);
    return true;
  }

  bool integer(const Type& type, Input& in, void* value) {
    if (!is_integral(type.kind())) {
      return fail(in, absl::StrCat("a ", std::string(type.name()), " has no wire form here"));
    }
    const Input before = in;
    std::uint64_t number;
    if (!read_varint(in, number)) return false;
    std::uint64_t fitted = number;
    // Numbers of 32 bits and less keep the low 32 bits, as protobuf says; that may still be too much for a smaller
    // type.
    if (type.size() <= 4 && type.kind() != Kind::kBool) {
      const bool extends = is_signed_integral(type);
      const auto low = static_cast<std::uint32_t>(number);
      fitted = extends ? static_cast<std::uint64_t>(static_cast<std::int64_t>(static_cast<std::int32_t>(low))) : low;
    }
    if (store_integer(type, value, fitted)) return true;
    const std::string given =
        is_signed_integral(type) ? absl::StrCat(static_cast<std::int64_t>(fitted)) : absl::StrCat(fitted);
    return fail(before,
                absl::StrCat(given, " is outside ", integer_range(type), ", the range of ", std::string(type.name())));
  }

  bool repeated(const Type& type, Tag tag, Input& in, void* value) {
    const Type& element = type.element();
    if (tag.type == WireType::kLength && is_scalar(element.kind()) && is_packable(element.kind())) {
      Input part;
      if (!take_length(in, part)) return false;
      while (!part.is_done()) {
        if (!append(type, part, value, [&](void* item) { return payload(element, part, item); })) return false;
      }
      return true;
    }
    return append(type, in, value, [&](void* item) {
      clear_containers(element, item);
      return singular(element, tag, in, item);
    });
  }

  template <class Read>
  bool append(const Type& type, const Input& in, void* value, Read read) {
    if (type.operations().append == nullptr) return fail(in, "its elements cannot be default-constructed and moved");
    if (!charge(in, type.element().size())) return false;
    bool is_read = false;
    const std::size_t index = type.operations().count(value);
    type.operations().append(value, [&](void* item) { is_read = read(item); });
    return is_read || in_element(absl::StrCat(index));
  }

  bool optional(const Type& type, Tag tag, Input& in, void* value) {
    if (type.operations().append == nullptr) return fail(in, "its value cannot be default-constructed");
    const bool was_empty = type.operations().count(value) == 0;
    bool is_read = false;
    type.operations().append(value, [&](void* held) {
      if (was_empty) clear_containers(type.element(), held);
      is_read = singular(type.element(), tag, in, held);
    });
    return is_read;
  }

  bool entry(const Type& type, Tag tag, Input& in, void* value) {
    if (tag.type != WireType::kLength) {
      return fail(in, absl::StrCat("wire type ", std::string(name_of(tag.type)), " where ", std::string(type.name()),
                                   " takes ", std::string(name_of(WireType::kLength))));
    }
    if (type.operations().insert == nullptr) return fail(in, "its keys or values cannot be default-constructed");
    Input part;
    if (!take_length(in, part)) return false;
    if (!charge(in, type.key().size() + type.element().size() + kMapNodeBytes)) return false;
    return nested(in, [&] {
      bool is_read = false;
      type.operations().insert(value, [&](void* key, void* mapped) {
        clear_containers(type.element(), mapped);
        is_read = entry_fields(type, part, key, mapped);
      });
      return is_read;
    });
  }

  bool entry_fields(const Type& type, Input in, void* key, void* mapped) {
    while (!in.is_done()) {
      Tag tag;
      if (!read_tag(in, tag)) return false;
      if (tag.number == kKeyNumber) {
        if (!singular(type.key(), tag, in, key)) return in_element("key");
      } else if (tag.number == kMappedNumber) {
        if (!singular(type.element(), tag, in, mapped)) return in_element(to_json_text(type.key(), key));
      } else if (!skip(in, tag, depth_)) {
        return false;
      }
    }
    return true;
  }

  bool time_or_duration(const Type& type, Input& in, void* value) {
    Input part;
    if (!take_length(in, part)) return false;
    std::int64_t seconds = 0;
    std::int32_t nanos = 0;
    const bool is_read = nested(in, [&] {
      while (!part.is_done()) {
        Tag tag;
        if (!read_tag(part, tag)) return false;
        const bool is_known = tag.number == kSecondsNumber || tag.number == kNanosNumber;
        if (!is_known) {
          if (!skip(part, tag, depth_)) return false;
          continue;
        }
        if (tag.type != WireType::kVarint) return fail(part, "seconds and nanos take varint");
        std::uint64_t number;
        if (!read_varint(part, number)) return false;
        if (tag.number == kSecondsNumber) seconds = static_cast<std::int64_t>(number);
        if (tag.number == kNanosNumber) nanos = static_cast<std::int32_t>(number);
      }
      return true;
    });
    if (!is_read) return false;
    return type.kind() == Kind::kTime ? time(part, seconds, nanos, static_cast<absl::Time*>(value))
                                      : duration(part, seconds, nanos, static_cast<absl::Duration*>(value));
  }

  bool time(const Input& in, std::int64_t seconds, std::int32_t nanos, absl::Time* time) {
    if (seconds < kTimestampSecondsMin || seconds > kTimestampSecondsMax || nanos < 0 || nanos > kNanosMax) {
      return fail(in, absl::StrCat(seconds, " s and ", nanos, " ns are no time in the years 1 to 9999"));
    }
    if (seconds == kTimestampSecondsMax && nanos == kNanosMax) {
      *time = absl::InfiniteFuture();
    } else if (seconds == kTimestampSecondsMin && nanos == 0) {
      *time = absl::InfinitePast();
    } else {
      *time = absl::FromUnixSeconds(seconds) + absl::Nanoseconds(nanos);
    }
    return true;
  }

  bool duration(const Input& in, std::int64_t seconds, std::int32_t nanos, absl::Duration* duration) {
    const bool agrees = (seconds >= 0 || nanos <= 0) && (seconds <= 0 || nanos >= 0);
    if (seconds < -kDurationSecondsMax || seconds > kDurationSecondsMax || nanos < -kNanosMax || nanos > kNanosMax ||
        !agrees) {
      return fail(in, absl::StrCat(seconds, " s and ", nanos, " ns are no duration of one sign within 10,000 years"));
    }
    if (seconds == kDurationSecondsMax) {
      *duration = absl::InfiniteDuration();
    } else if (seconds == -kDurationSecondsMax) {
      *duration = -absl::InfiniteDuration();
    } else {
      *duration = absl::Seconds(seconds) + absl::Nanoseconds(nanos);
    }
    return true;
  }

  bool read_tag(Input& in, Tag& tag) {
    const Input before = in;
    std::uint64_t raw;
    if (!read_varint(in, raw)) return false;
    const std::uint64_t number = raw >> 3;
    if (number == 0 || number > kFieldNumberMax) {
      return fail(before, absl::StrCat(number, " is no field number; they are 1 to ", kFieldNumberMax));
    }
    if ((raw & 7) > static_cast<std::uint64_t>(WireType::kFixed32)) {
      return fail(before, absl::StrCat("wire type ", raw & 7, " does not exist"));
    }
    tag = {static_cast<std::uint32_t>(number), static_cast<WireType>(raw & 7)};
    return true;
  }

  bool read_varint(Input& in, std::uint64_t& value) {
    const Input before = in;
    value = 0;
    for (int shift = 0; shift < 7 * kVarintBytesMax; shift += 7) {
      if (in.is_done()) return fail(before, "the message ends inside a varint");
      const auto byte = static_cast<unsigned char>(*in.at++);
      if (shift == 63 && byte > 1) return fail(before, "the varint has more than 64 bits");
      value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return true;
    }
    return fail(before, absl::StrCat("the varint has more than ", kVarintBytesMax, " bytes"));
  }

  bool take_length(Input& in, Input& part) {
    const Input before = in;
    std::uint64_t length;
    if (!read_varint(in, length)) return false;
    if (length > in.left()) {
      return fail(before, absl::StrCat("the length ", length, " is more than the ", in.left(), " bytes left"));
    }
    part = {in.at, in.at + length};
    in.at = part.end;
    return true;
  }

  // Passes over a field that the type does not have.
  bool skip(Input& in, Tag tag, int depth) {
    Input part;
    std::uint64_t number;
    switch (tag.type) {
      case WireType::kVarint:
        return read_varint(in, number);
      case WireType::kFixed64:
        return skip_bytes(in, 8);
      case WireType::kFixed32:
        return skip_bytes(in, 4);
      case WireType::kLength:
        return take_length(in, part);
      case WireType::kStartGroup:
        return skip_group(in, tag.number, depth + 1);
      case WireType::kEndGroup:
        return fail(in, "a group ends that did not start");
    }
    return false;
  }

  bool skip_bytes(Input& in, std::size_t count) {
    if (in.left() < count) return fail(in, "the message ends inside a number");
    in.at += count;
    return true;
  }

  bool skip_group(Input& in, std::uint32_t number, int depth) {
    if (depth > kWireDepthMax) return fail_of_depth(in);
    while (!in.is_done()) {
      Tag tag;
      if (!read_tag(in, tag)) return false;
      if (tag.type == WireType::kEndGroup) {
        return tag.number == number || fail(in, absl::StrCat("group ", number, " ends as ", tag.number));
      }
      if (!skip(in, tag, depth)) return false;
    }
    return fail(in, absl::StrCat("the message ends inside group ", number));
  }

  template <class Read>
  bool nested(const Input& in, Read read) {
    if (depth_ == kWireDepthMax) return fail_of_depth(in);
    ++depth_;
    const bool is_read = read();
    --depth_;
    return is_read;
  }

  bool fail_of_depth(const Input& in) {
    return fail(in, absl::StrCat("messages are nested more than ", kWireDepthMax, " deep"));
  }

  bool charge(const Input& in, std::size_t bytes) {
    held_bytes_ += bytes;
    if (held_bytes_ <= kDecodedBytesMax) return true;
    is_too_large_ = true;
    return fail(in, absl::StrCat("the message would take more than ", kDecodedBytesMax,
                                 " bytes of memory; send less at a time"));
  }

  bool fail(const Input& in, const std::string& error) {
    error_ = absl::StrCat(error, " (at byte ", in.at - start_, ")");
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

  static constexpr std::size_t kMapNodeBytes = 48;  // what a map keeps beside key and value, at most

  const char* start_;
  std::string error_;
  std::string path_;
  std::size_t held_bytes_ = 0;
  int depth_ = 1;
  bool is_too_large_ = false;
};

}  // namespace

absl::Status from_wire(const Type& type, std::string_view message, void* value) {
  if (message.size() > kWireBytesMax) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the message has ", message.size(), " bytes; protobuf allows ", kWireBytesMax));
  }
  if (type.operations().reset == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("a ", std::string(type.name()), " cannot be default-constructed and assigned"));
  }
  type.operations().reset(value);
  clear_containers(type, value);
  Decoder decoder(message);
  return decoder.finish(decoder.message(type, {message.data(), message.data() + message.size()}, value));
}

}  // namespace novelo::reflect
