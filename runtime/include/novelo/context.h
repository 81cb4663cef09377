// novelo/context.h
// Contexts: cancellation, deadlines and values that are handed from call to call, as in Go. What a goroutine's own
// scope does needs none: current_context() is for code that wants to be told.
//
//   from   goroutines and any other thread; deadlines need a Runtime that is alive, as do functions of after_func()
//   may    allocate; never parks. cancel() closes channels and starts goroutines before it returns
//   cost   an allocation each; value() walks up to the one that holds the key
//   tested tests/conformance/context_test.cc, tests/stress/context_test.cc
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "novelo/chan.h"

namespace novelo {

namespace rt {

class CancelNode;

// A link of the chain of which a Context is the end; nullptr is the background. Immutable but for what a CancelNode
// adds. Counted; holds its parent.
class ContextNode {
 public:
  ContextNode(const ContextNode&) = delete;
  ContextNode& operator=(const ContextNode&) = delete;

  void ref() noexcept;
  void unref() noexcept;
  ContextNode* parent() const noexcept { return parent_; }
  // What cancels it: itself or one above; nullptr when nothing does.
  CancelNode* cancel_node() const noexcept { return cancel_node_; }
  // The value if it is this one's.
  virtual const void* find(const void* key) const noexcept;

 protected:
  enum class Cancel : std::uint8_t { kInherit, kNone };
  ContextNode(ContextNode* parent, Cancel cancel) noexcept;
  ContextNode(ContextNode* parent, CancelNode* self) noexcept;
  virtual ~ContextNode() = default;
  bool try_ref() noexcept;

 private:
  ContextNode* const parent_;  // one reference, given back by unref()
  CancelNode* const cancel_node_;
  std::atomic<std::int64_t> references_{1};
};

class ContextHandle {
 public:
  ContextHandle() noexcept = default;
  explicit ContextHandle(ContextNode* owned) noexcept : node_(owned) {}
  ContextHandle(const ContextHandle& other) noexcept : node_(other.node_) {
    if (node_ != nullptr) node_->ref();
  }
  ContextHandle(ContextHandle&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
  ContextHandle& operator=(ContextHandle other) noexcept {
    std::swap(node_, other.node_);
    return *this;
  }
  ~ContextHandle() {
    if (node_ != nullptr) node_->unref();
  }
  ContextNode* get() const noexcept { return node_; }

 private:
  ContextNode* node_ = nullptr;
};

// Its address is the key's.
template <class Key>
inline constexpr char kContextKey = 0;

template <class Key>
class ValueNode final : public ContextNode {
 public:
  ValueNode(ContextNode* parent, typename Key::type value)
      : ContextNode(parent, Cancel::kInherit), value_(std::move(value)) {}
  const void* find(const void* key) const noexcept override { return key == &kContextKey<Key> ? &value_ : nullptr; }
  static void* operator new(std::size_t bytes) { return allocate_traced(bytes, alignof(ValueNode)); }
  static void operator delete(void* memory, std::size_t bytes) noexcept {
    deallocate_traced(memory, bytes, alignof(ValueNode));
  }

 private:
  const typename Key::type value_;
};

const void* context_value(const ContextNode* node, const void* key) noexcept;

}  // namespace rt

// A handle: copying shares the context. Context{} is the background, which is never cancelled.
class Context {
 public:
  Context() noexcept = default;
  explicit Context(rt::ContextHandle node) noexcept : node_(std::move(node)) {}
  static Context background() noexcept { return {}; }

  // Closes when the context is cancelled. Nil when nothing can cancel it.
  RecvChan<Unit> done() const;
  // OK until it is cancelled; then kCancelled or kDeadlineExceeded. Set before done() closes.
  absl::Status err() const;
  // What with_cancel_cause() was told; else as err().
  absl::Status cause() const;
  // The earliest of its own and those above; infinite when there is none.
  absl::Time deadline() const;
  // `Key` is a tag with `using type = V`. Nullptr when no context above has one; valid as long as this context.
  template <class Key>
  const typename Key::type* value() const noexcept {
    return static_cast<const typename Key::type*>(rt::context_value(node_.get(), &rt::kContextKey<Key>));
  }

  const rt::ContextHandle& node() const noexcept { return node_; }

 private:
  rt::ContextHandle node_;
};

// Cancels a context and all below it. Copyable; only the first call does something.
class CancelFunc {
 public:
  CancelFunc() noexcept = default;
  explicit CancelFunc(Context context) noexcept : context_(std::move(context)) {}
  void operator()() const;

 private:
  Context context_;
};

// The same with a reason, which becomes the cause(); one that is OK stands for none.
class CancelCauseFunc {
 public:
  CancelCauseFunc() noexcept = default;
  explicit CancelCauseFunc(Context context) noexcept : context_(std::move(context)) {}
  void operator()(absl::Status cause) const;

 private:
  Context context_;
};

struct WithCancel {
  Context ctx;
  CancelFunc cancel;
};
struct WithCancelCause {
  Context ctx;
  CancelCauseFunc cancel;
};

// A context below `parent`: cancelled with it, and by its own cancel(). Dropping both leaves nothing at the parent.
WithCancel with_cancel(const Context& parent);
WithCancelCause with_cancel_cause(const Context& parent);
// Cancelled with kDeadlineExceeded at that time; at once if it has passed.
WithCancel with_deadline(const Context& parent, absl::Time deadline);
WithCancel with_timeout(const Context& parent, absl::Duration timeout);

// A context with one value more.
template <class Key>
Context with_value(const Context& parent, typename Key::type value) {
  return Context(rt::ContextHandle(new rt::ValueNode<Key>(parent.node().get(), std::move(value))));
}

// The same values, and neither cancellation nor deadline.
Context without_cancel(const Context& parent);

// Returns whether it prevented the function; true once at most.
class StopFunc {
 public:
  bool operator()() const;

 private:
  struct State;
  explicit StopFunc(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}
  friend StopFunc after_cancel(const Context& context, rt::Closure f);

  std::shared_ptr<State> state_;
};

StopFunc after_cancel(const Context& context, rt::Closure f);

// Calls f when the context is cancelled, in a goroutine of its own that belongs to the outermost scope; at once if it
// is already. Dropping what is returned prevents nothing.
template <class F>
StopFunc after_func(const Context& context, F&& f) {
  return after_cancel(context, rt::Closure(std::forward<F>(f)));
}

// That of the scope the calling goroutine runs in: cancelled with the scope, and when the scope ends. The background on
// other threads.
Context current_context();

}  // namespace novelo
