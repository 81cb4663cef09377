// Contexts as programs see them: chains of nodes that share their upper parts.
#include "novelo/context.h"

#include "context/cancel_node.h"
#include "context/scope_node.h"
#include "novelo/time.h"
#include "sched/scope.h"

namespace novelo {
namespace rt {

ContextNode::ContextNode(ContextNode* parent, Cancel cancel) noexcept
    : parent_(parent), cancel_node_(parent == nullptr || cancel == Cancel::kNone ? nullptr : parent->cancel_node()) {
  if (parent_ != nullptr) parent_->ref();
}

ContextNode::ContextNode(ContextNode* parent, CancelNode* self) noexcept : parent_(parent), cancel_node_(self) {
  if (parent_ != nullptr) parent_->ref();
}

void ContextNode::ref() noexcept {
  references_.fetch_add(1, relaxed);  // [context-refs] with unref()
}

void ContextNode::unref() noexcept {
  ContextNode* node = this;
  // [context-refs] acq_rel: the one who destroys sees what the others did
  while (node != nullptr && node->references_.fetch_sub(1, acq_rel) == 1) {
    ContextNode* parent = node->parent_;
    delete node;
    node = parent;
  }
}

bool ContextNode::try_ref() noexcept {
  std::int64_t references = references_.load(relaxed);
  while (references > 0) {
    // [context-refs] as ref()
    if (references_.compare_exchange_weak(references, references + 1, acq_rel, relaxed)) return true;
  }
  return false;
}

const void* ContextNode::find(const void*) const noexcept {
  return nullptr;
}

const void* context_value(const ContextNode* node, const void* key) noexcept {
  for (; node != nullptr; node = node->parent()) {
    if (const void* value = node->find(key)) return value;
  }
  return nullptr;
}

}  // namespace rt

namespace {

class DetachedNode final : public rt::ContextNode {
 public:
  explicit DetachedNode(ContextNode* parent) noexcept : ContextNode(parent, Cancel::kNone) {}
};

rt::CancelNode* cancel_node_of(const Context& context) noexcept {
  const rt::ContextNode* node = context.node().get();
  return node == nullptr ? nullptr : node->cancel_node();
}

Context below(const Context& parent, absl::Time deadline) {
  return Context(rt::ContextHandle(rt::CancelNode::make(parent.node().get(), deadline)));
}

absl::Status cancelled() {
  return absl::CancelledError("context cancelled");
}

}  // namespace

RecvChan<Unit> Context::done() const {
  rt::CancelNode* node = cancel_node_of(*this);
  return node == nullptr ? RecvChan<Unit>() : node->done();
}

absl::Status Context::err() const {
  const rt::CancelNode* node = cancel_node_of(*this);
  return node == nullptr ? absl::OkStatus() : node->err();
}

absl::Status Context::cause() const {
  const rt::CancelNode* node = cancel_node_of(*this);
  return node == nullptr ? absl::OkStatus() : node->cause();
}

absl::Time Context::deadline() const {
  const rt::CancelNode* node = cancel_node_of(*this);
  return node == nullptr ? absl::InfiniteFuture() : node->deadline();
}

void CancelFunc::operator()() const {
  if (rt::CancelNode* node = cancel_node_of(context_)) node->cancel(cancelled(), absl::OkStatus());
}

void CancelCauseFunc::operator()(absl::Status cause) const {
  if (rt::CancelNode* node = cancel_node_of(context_)) node->cancel(cancelled(), cause);
}

WithCancel with_cancel(const Context& parent) {
  return with_deadline(parent, absl::InfiniteFuture());
}

WithCancelCause with_cancel_cause(const Context& parent) {
  Context context = below(parent, absl::InfiniteFuture());
  return {context, CancelCauseFunc(context)};
}

WithCancel with_deadline(const Context& parent, absl::Time deadline) {
  Context context = below(parent, deadline);
  return {context, CancelFunc(context)};
}

WithCancel with_timeout(const Context& parent, absl::Duration timeout) {
  return with_deadline(parent, now() + timeout);
}

Context without_cancel(const Context& parent) {
  return Context(rt::ContextHandle(new DetachedNode(parent.node().get())));
}

struct StopFunc::State {
  Context context;
  rt::CancelNode::Calls::iterator place;
  rt::Atomic<bool> is_over{false};
};

bool StopFunc::operator()() const {
  // The first to ask is the one who may prevent it.
  if (state_->is_over.exchange(true, rt::relaxed)) return false;
  rt::CancelNode* node = cancel_node_of(state_->context);
  return node == nullptr || node->remove_call(state_->place);
}

StopFunc after_cancel(const Context& context, rt::Closure f) {
  auto state = std::make_shared<StopFunc::State>();
  rt::CancelNode* node = cancel_node_of(context);
  state->context = context;
  if (node != nullptr && !node->add_call(f, state->place)) {
    state->is_over.store(true, rt::relaxed);
    rt::func_timer(absl::ZeroDuration(), std::move(f), nullptr);
  }
  return StopFunc(std::move(state));
}

Context current_context() {
  rt::Goroutine* g = rt::current_goroutine();
  if (g == nullptr) return {};
  return Context(rt::ContextHandle(rt::ScopeNode::of(*g->scope)));
}

}  // namespace novelo
