// daemon/src/schema/json.h
// Messages between protobuf's binary form and JSON, by descriptors known only at run time.
//
//   JSON     protobuf's mapping, with the field names of the struct; scalars are written even when they are zero
//   errors   kInvalidArgument with a BadRequest that names the field; an unknown field gets the nearest name
//   limits   100 messages inside each other; the caller bounds the length
//   callable from any thread and goroutine; never parks
//   tested   tests/unit/daemon/json_test.cc
#pragma once

#include <absl/status/statusor.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/util/type_resolver.h>

#include <memory>
#include <string>
#include <string_view>

namespace novelo::daemon {

class JsonCodec {
 public:
  // `pool` outlives the codec and knows every type it is asked about.
  explicit JsonCodec(const google::protobuf::DescriptorPool& pool);
  ~JsonCodec();

  absl::StatusOr<std::string> to_json(const google::protobuf::Descriptor& type, const std::string& wire) const;
  absl::StatusOr<std::string> from_json(const google::protobuf::Descriptor& type, std::string_view json) const;
  // Whether `wire` is a well-formed message of this type; kInvalidArgument if not.
  absl::Status check(const google::protobuf::Descriptor& type, const std::string& wire) const;

 private:
  std::unique_ptr<google::protobuf::util::TypeResolver> resolver_;
};

}  // namespace novelo::daemon
