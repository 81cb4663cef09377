// A scope tells its context of its cancellation without a lock held.
#include "context/scope_node.h"

namespace novelo::rt {

ScopeNode* ScopeNode::of(ScopeCore& scope) {
  return static_cast<ScopeNode*>(scope.follower([&scope] { return new ScopeNode(scope.deadline()); }));
}

void ScopeNode::scope_cancelled(CancelCause cause) noexcept {
  cancel(cause == CancelCause::kDeadline ? absl::DeadlineExceededError("the scope's deadline exceeded")
                                         : absl::CancelledError("the scope was cancelled"),
         absl::OkStatus());
}

}  // namespace novelo::rt
