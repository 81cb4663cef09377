// daemon/src/proto_time.h
// Times and durations between Abseil and protobuf. Infinities have no protobuf form: the caller leaves the field out.
//
//   tested  tests/unit/daemon/proto_time_test.cc
#pragma once

#include <absl/time/time.h>

#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"

namespace novelo::daemon {

google::protobuf::Timestamp to_proto(absl::Time time);
google::protobuf::Duration to_proto(absl::Duration duration);
absl::Time from_proto(const google::protobuf::Timestamp& time);
absl::Duration from_proto(const google::protobuf::Duration& duration);

}  // namespace novelo::daemon
