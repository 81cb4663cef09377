// client/src/wire_time.h
// protobuf's times and durations as Abseil's and back. Pure; tested in tests/unit/client/wire_time_test.cc.
#ifndef NOVELO_CLIENT_SRC_WIRE_TIME_H_
#define NOVELO_CLIENT_SRC_WIRE_TIME_H_

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <algorithm>
#include <cstdint>

#include "absl/time/time.h"

namespace novelo::client {

inline absl::Time to_time(const google::protobuf::Timestamp& wire) {
  return absl::FromUnixSeconds(wire.seconds()) + absl::Nanoseconds(wire.nanos());
}

inline absl::Duration to_duration(const google::protobuf::Duration& wire) {
  return absl::Seconds(wire.seconds()) + absl::Nanoseconds(wire.nanos());
}

// protobuf's longest duration, about 10000 years.
inline constexpr std::int64_t kWireSecondsMax = 315576000000;

// Rounds toward zero to whole nanoseconds; what is longer than the longest becomes the longest.
inline google::protobuf::Duration to_wire(absl::Duration duration) {
  duration = std::clamp(duration, absl::Seconds(-kWireSecondsMax), absl::Seconds(kWireSecondsMax));
  absl::Duration rest;
  google::protobuf::Duration wire;
  wire.set_seconds(absl::IDivDuration(duration, absl::Seconds(1), &rest));
  wire.set_nanos(static_cast<std::int32_t>(absl::ToInt64Nanoseconds(rest)));
  return wire;
}

// Rounds down to whole nanoseconds.
inline google::protobuf::Timestamp to_wire(absl::Time time) {
  google::protobuf::Timestamp wire;
  wire.set_seconds(absl::ToUnixSeconds(time));
  wire.set_nanos(static_cast<std::int32_t>(absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(wire.seconds()))));
  return wire;
}

}  // namespace novelo::client

#endif  // NOVELO_CLIENT_SRC_WIRE_TIME_H_
