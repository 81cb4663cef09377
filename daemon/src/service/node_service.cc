// One node, which knows no other.
#include "service/node_service.h"

#include <absl/strings/str_cat.h>

#include "rpc/error.h"
#include "rpc/message_method.h"

namespace novelo::daemon {

void NodeService::add_to(Router& router) const {
  add_unary<v1::GetNodeRequest>(router, "/novelo.v1.NodeService/GetNode",
                                [this](const auto& request) { return get_node(request); });
}

absl::StatusOr<v1::Node> NodeService::get_node(const v1::GetNodeRequest& request) const {
  if (!request.name().empty() && request.name() != name_) {
    return Error(absl::StatusCode::kNotFound, "NODE_NOT_FOUND",
                 absl::StrCat("this node is \"", name_, "\" and knows no other; \"", request.name().substr(0, 128),
                              "\" is not it"))
        .resource("node", request.name())
        .status();
  }
  return describe_();
}

}  // namespace novelo::daemon
