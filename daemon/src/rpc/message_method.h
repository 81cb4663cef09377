// daemon/src/rpc/message_method.h
// Methods whose messages are generated protobuf classes: the parsing and writing around a function on those.
//
//   tested  tests/unit/daemon/router_test.cc
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <optional>
#include <string>
#include <utility>

#include "rpc/error.h"
#include "rpc/transport.h"

namespace novelo::daemon {

// The one message a caller of a unary or server-streaming method sends.
template <class Request>
absl::StatusOr<Request> read_message(Call& call) {
  absl::StatusOr<std::optional<std::string>> bytes = call.read();
  if (!bytes.ok()) return bytes.status();
  Request request;
  if (!bytes->has_value() || !request.ParseFromString(**bytes)) {
    const std::string why = "the call did not send a " + Request::descriptor()->full_name();
    return Error(absl::StatusCode::kInvalidArgument, "INVALID_MESSAGE", why).status();
  }
  return request;
}

// Adds a unary method; `f` is StatusOr<Response>(const Request&).
template <class Request, class F>
void add_unary(Router& router, std::string path, F f) {
  router.add(std::move(path), [f = std::move(f)](Call& call) -> absl::Status {
    const absl::StatusOr<Request> request = read_message<Request>(call);
    if (!request.ok()) return request.status();
    const auto response = f(*request);
    if (!response.ok()) return response.status();
    call.write_last(response->SerializeAsString());
    return absl::OkStatus();
  });
}

// Adds a server-streaming method; `f` is Status(const Request&, write), with write(response) -> Status.
template <class Request, class Response, class F>
void add_server_streaming(Router& router, std::string path, F f) {
  router.add(std::move(path), [f = std::move(f)](Call& call) -> absl::Status {
    const absl::StatusOr<Request> request = read_message<Request>(call);
    if (!request.ok()) return request.status();
    return f(*request, [&call](const Response& response) { return call.write(response.SerializeAsString()); });
  });
}

}  // namespace novelo::daemon
