// A change closes a channel that every watcher waits on: one step whatever their number.
#include "service/health.h"

#include <absl/strings/str_cat.h>

#include <optional>

#include "rpc/error.h"
#include "rpc/message_method.h"

namespace novelo::daemon {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

void HealthService::add_to(Router& router) {
  services_.insert("");
  for (const Method* method : router.methods()) {
    services_.insert(method->path.substr(1, method->path.rfind('/') - 1));
  }
  services_.insert("grpc.health.v1.Health");
  add_unary<HealthCheckRequest>(
      router, "/grpc.health.v1.Health/Check",
      [this](const HealthCheckRequest& request) -> absl::StatusOr<HealthCheckResponse> {
        HealthCheckResponse response;
        response.set_status(status_of(request.service()));
        if (response.status() == HealthCheckResponse::SERVICE_UNKNOWN) {
          return Error(absl::StatusCode::kNotFound, "SERVICE_NOT_FOUND",
                       absl::StrCat("no service is called \"", request.service().substr(0, 128), "\""))
              .resource("service", request.service())
              .status();
        }
        return response;
      });
  router.add("/grpc.health.v1.Health/Watch", [this](Call& call) -> absl::Status {
    const absl::StatusOr<HealthCheckRequest> request = read_message<HealthCheckRequest>(call);
    if (!request.ok()) return request.status();
    return watch(request->service(), call);
  });
}

absl::Status HealthService::watch(const std::string& service, Call& call) {
  std::optional<Serving> sent;
  while (true) {
    Chan<Unit> changed;
    {
      const std::lock_guard lock(mutex_);
      if (is_over_) break;
      changed = changed_;
    }
    HealthCheckResponse response;
    response.set_status(status_of(service));
    if (sent != response.status()) {
      if (absl::Status status = call.write(response.SerializeAsString()); !status.ok()) return status;
      sent = response.status();
    }
    changed.recv();
  }
  return Error(absl::StatusCode::kUnavailable, "NODE_STOPPING", "the node stops").retry_after(absl::Seconds(1));
}

HealthService::Serving HealthService::status_of(const std::string& service) const {
  if (services_.find(service) == services_.end()) return HealthCheckResponse::SERVICE_UNKNOWN;
  const std::lock_guard lock(mutex_);
  return is_serving_ ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING;
}

void HealthService::set_serving(bool is_serving) {
  const std::lock_guard lock(mutex_);
  is_serving_ = is_serving;
  changed_.close();
  changed_ = make_chan<Unit>();
}

void HealthService::end_watches() {
  const std::lock_guard lock(mutex_);
  is_over_ = true;
  changed_.close();
  changed_ = make_chan<Unit>();
}

}  // namespace novelo::daemon
