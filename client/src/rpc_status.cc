// client/src/rpc_status.cc
// The numbers of gRPC's codes and of Abseil's are the same.
#include "rpc_status.h"

#include <google/rpc/error_details.pb.h>

#include "absl/strings/cord.h"

namespace novelo::client {
namespace {

// gRPC's codes are Abseil's; a number out of their range is unknown.
absl::StatusCode code_of(int code) {
  return code >= 0 && code <= 16 ? static_cast<absl::StatusCode>(code) : absl::StatusCode::kUnknown;
}

}  // namespace

absl::Status from_grpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  absl::Status result(code_of(status.error_code()), status.error_message());
  google::rpc::Status details;
  if (!status.error_details().empty() && details.ParseFromString(status.error_details())) {
    result.SetPayload(kDetailsUrl, absl::Cord(status.error_details()));
  }
  return result;
}

absl::Status from_rpc(const google::rpc::Status& status) {
  if (status.code() == 0) return absl::OkStatus();
  absl::Status result(code_of(status.code()), status.message());
  result.SetPayload(kDetailsUrl, absl::Cord(status.SerializeAsString()));
  return result;
}

std::optional<google::rpc::Status> details_of(const absl::Status& status) {
  const auto payload = status.GetPayload(kDetailsUrl);
  google::rpc::Status details;
  if (!payload || !details.ParseFromString(std::string(*payload))) return std::nullopt;
  return details;
}

std::string reason_of(const absl::Status& status) {
  const std::optional<google::rpc::Status> details = details_of(status);
  if (!details) return "";
  for (const google::protobuf::Any& any : details->details()) {
    google::rpc::ErrorInfo info;
    if (any.UnpackTo(&info)) return info.reason();
  }
  return "";
}

bool is_not_reached(const absl::Status& status) {
  return absl::IsUnavailable(status) && !status.GetPayload(kDetailsUrl);
}

}  // namespace novelo::client
