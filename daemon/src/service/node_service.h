// daemon/src/service/node_service.h
// novelo.v1.NodeService: what this node says about itself.
//
//   tested  tests/unit/daemon/server_test.cc
#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <string>

#include "novelo/v1/node.pb.h"
#include "rpc/transport.h"

namespace novelo::daemon {

class NodeService {
 public:
  // `describe` makes the node's answer of the moment; called on the goroutines of calls.
  explicit NodeService(std::string name, std::function<v1::Node()> describe)
      : name_(std::move(name)), describe_(std::move(describe)) {}
  // The service outlives the router.
  void add_to(Router& router) const;
  absl::StatusOr<v1::Node> get_node(const v1::GetNodeRequest& request) const;

 private:
  const std::string name_;
  const std::function<v1::Node()> describe_;
};

}  // namespace novelo::daemon
