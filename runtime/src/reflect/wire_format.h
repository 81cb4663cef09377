// runtime/src/reflect/wire_format.h
// The grammar of protobuf messages: tags, wire types and which of them a kind takes; and the two well-known types with
// a message of their own.
//
//   used by     wire_encode.cc, wire_decode.cc, wire_form.cc; no state
//   checked by  tests/unit/reflect/wire_encode_test.cc, wire_decode_test.cc
#pragma once

#include <cstdint>
#include <string_view>

#include "novelo/reflect/type.h"

namespace novelo::reflect {

enum class WireType : std::uint8_t {
  kVarint = 0,
  kFixed64 = 1,
  kLength = 2,
  kStartGroup = 3,
  kEndGroup = 4,
  kFixed32 = 5,
};

inline constexpr std::uint32_t kFieldNumberMax = (1u << 29) - 1;
inline constexpr int kVarintBytesMax = 10;

// A value that is no struct travels as this field of a message.
inline constexpr std::uint32_t kWrappedNumber = 1;
inline constexpr std::string_view kWrappedName = "value";

// The two fields of a map's entry, and of Timestamp and Duration.
inline constexpr std::uint32_t kKeyNumber = 1;
inline constexpr std::uint32_t kMappedNumber = 2;
inline constexpr std::uint32_t kSecondsNumber = 1;
inline constexpr std::uint32_t kNanosNumber = 2;

// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z; 10,000 years.
inline constexpr std::int64_t kTimestampSecondsMin = -62135596800;
inline constexpr std::int64_t kTimestampSecondsMax = 253402300799;
inline constexpr std::int64_t kDurationSecondsMax = 315576000000;
inline constexpr std::int32_t kNanosMax = 999999999;

constexpr std::uint32_t make_tag(std::uint32_t number, WireType type) {
  return number << 3 | static_cast<std::uint32_t>(type);
}

constexpr WireType wire_type_of(Kind kind) {
  switch (kind) {
    case Kind::kFloat:
      return WireType::kFixed32;
    case Kind::kDouble:
      return WireType::kFixed64;
    case Kind::kString:
    case Kind::kBytes:
    case Kind::kStruct:
    case Kind::kMap:
    case Kind::kTime:
    case Kind::kDuration:
      return WireType::kLength;
    default:
      return WireType::kVarint;
  }
}

// Kinds whose repeated form is one run of bytes.
constexpr bool is_packable(Kind kind) {
  return wire_type_of(kind) != WireType::kLength;
}

}  // namespace novelo::reflect
