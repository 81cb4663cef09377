// novelo/reflect/wire.h
// Values to and from the protobuf wire format, straight from the description of their type: no generated class.
//
//   mapping     bool, int32 (int8, int16 as well), int64, uint32 (uint8, uint16), uint64, float, double, string, bytes,
//               enum (open), struct -> message, vector -> repeated (scalars packed; both forms are read), map -> map,
//               optional -> presence, absl::Time -> google.protobuf.Timestamp, absl::Duration ->
//               google.protobuf.Duration. A value that is no struct travels as a message with the one field `value`
//               = 1.
//   absence     a field that is not on the wire has the struct's C++ default; vectors, maps and optionals are empty
//   infinities  of times and durations are sent as the largest that protobuf allows, and that is read back as infinite
//   errors      kInvalidArgument, naming the field as in `words[3].count`; kResourceExhausted, naming the limit
//   callable    from any thread and goroutine; allocates, never parks
//   checked by  tests/unit/reflect/wire_encode_test.cc, wire_decode_test.cc
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "novelo/reflect/type.h"

namespace novelo::reflect {

inline constexpr int kWireDepthMax = 100;                                 // messages inside messages
inline constexpr std::size_t kWireBytesMax = (std::size_t{1} << 31) - 1;  // of one message, as protobuf has it
inline constexpr std::size_t kDecodedBytesMax = std::size_t{256} << 20;   // of memory that one message may make us hold

// OK when values of `type` can be a message: otherwise kInvalidArgument says which field cannot, why, and what can.
absl::Status check_wire_form(const Type& type);

// The message that `value`, an object of `type`, is.
absl::StatusOr<std::string> to_wire(const Type& type, const void* value);

// Replaces `value`, a live object of `type`, by what `message` says. After an error it holds some part of it.
absl::Status from_wire(const Type& type, std::string_view message, void* value);

}  // namespace novelo::reflect
