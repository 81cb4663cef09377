// daemon/src/service/health.h
// grpc.health.v1.Health: one status for the node, the same for each service it has.
//
//   from    set() from any goroutine or thread; the methods on the goroutines of their calls
//   tested  tests/unit/daemon/server_test.cc
#pragma once

#include <novelo/chan.h>

#include <cstdint>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "grpc/health/v1/health.pb.h"
#include "rpc/transport.h"

namespace novelo::daemon {

class HealthService {
 public:
  using Serving = grpc::health::v1::HealthCheckResponse::ServingStatus;

  // To be called last: every service that the router has by then can be asked about. Outlives the router.
  void add_to(Router& router);
  // Tells every watcher.
  void set_serving(bool is_serving);
  // Ends every watch with UNAVAILABLE, and each one that comes later.
  void end_watches();

 private:
  absl::Status watch(const std::string& service, Call& call);
  Serving status_of(const std::string& service) const;

  std::set<std::string, std::less<>> services_;  // "" is the node
  mutable std::mutex mutex_;
  bool is_serving_ = false;
  bool is_over_ = false;
  Chan<Unit> changed_ = make_chan<Unit>();  // closed, and replaced, at each change
};

}  // namespace novelo::daemon
