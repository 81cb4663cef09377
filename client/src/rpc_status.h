// client/src/rpc_status.h
// A gRPC status as an absl::Status that loses nothing: google.rpc.Status, with its ErrorInfo, BadRequest, QuotaFailure
// and RetryInfo, travels as a payload. Pure; tested in tests/unit/client/rpc_status_test.cc.
#ifndef NOVELO_CLIENT_SRC_RPC_STATUS_H_
#define NOVELO_CLIENT_SRC_RPC_STATUS_H_

#include <google/rpc/status.pb.h>
#include <grpcpp/support/status.h>

#include <optional>
#include <string>

#include "absl/status/status.h"

namespace novelo::client {

// The payload's type URL; its value is a google.rpc.Status in protobuf's binary form.
inline constexpr char kDetailsUrl[] = "type.googleapis.com/google.rpc.Status";

// The status of a call. Its details are kept when the server sent any.
absl::Status from_grpc(const grpc::Status& status);

// A google.rpc.Status (that of a failed job) as a status with itself as its details.
absl::Status from_rpc(const google::rpc::Status& status);

// What the server said about the error; nullopt when the error is the client's own or the connection's.
std::optional<google::rpc::Status> details_of(const absl::Status& status);

// The reason of its ErrorInfo, "TASK_NOT_FOUND"; empty when there is none.
std::string reason_of(const absl::Status& status);

// Whether the call did not reach a server or lost it: kUnavailable that no server sent.
bool is_not_reached(const absl::Status& status);

}  // namespace novelo::client

#endif  // NOVELO_CLIENT_SRC_RPC_STATUS_H_
