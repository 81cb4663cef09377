// runtime/src/context/scope_node.h
// The context of a scope: cancelled when the scope is, and at the latest when it ends. Made when first asked for; the
// scope keeps it, it does not keep the scope.
//
//   who        current_context(); cancelled by whoever cancels the scope
//   tested     tests/conformance/context_test.cc
#pragma once

#include "context/cancel_node.h"
#include "sched/scope.h"

namespace novelo::rt {

class ScopeNode final : public CancelNode, public ScopeFollower {
 public:
  // With one reference, the caller's.
  static ScopeNode* of(ScopeCore& scope);

  void ref() noexcept override { ContextNode::ref(); }
  void unref() noexcept override { ContextNode::unref(); }
  void scope_cancelled(CancelCause cause) noexcept override;

 private:
  explicit ScopeNode(absl::Time deadline) noexcept : CancelNode(nullptr, deadline) {}
};

}  // namespace novelo::rt
