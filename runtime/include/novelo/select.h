// novelo/select.h
// Waiting for the first of several channel operations.
//
//   from   goroutines and other threads, which it blocks
//   may    park, and leave by Cancelled; allocates beyond 16 cases
//   cost   one lock a channel; O(n) in the cases
//   tested tests/conformance/select_test.cc
#pragma once

#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>

#include "novelo/chan.h"

namespace novelo {

namespace rt {

enum class SelectDirection : std::uint8_t { kSend, kRecv, kOtherwise };

struct SelectOp {
  SelectDirection direction = SelectDirection::kOtherwise;
  Channel* channel = nullptr;
  void* slot = nullptr;  // the value to send, or the std::optional to fill
};

// Runs one of the operations, chosen uniformly among those ready at one instant, and returns its index.
std::size_t select_ops(std::span<const SelectOp> ops);

struct NoCallback {};

// The channel of a case: one that is given as a temporary is kept, one that has a name is not.
template <class C>
class CaseChannel {
 public:
  explicit CaseChannel(C&& channel) noexcept : channel_(std::move(channel)) {}
  Channel* core() const noexcept { return channel_.core(); }

 private:
  C channel_;
};
template <class C>
class CaseChannel<C&> {
 public:
  explicit CaseChannel(C& channel) noexcept : core_(channel.core()) {}
  Channel* core() const noexcept { return core_; }

 private:
  Channel* core_;
};

template <class C, class F>
class RecvCase {
 public:
  RecvCase(C&& channel, F f) : channel_(std::forward<C>(channel)), f_(std::move(f)) {}
  SelectOp op() noexcept { return {SelectDirection::kRecv, channel_.core(), &value_}; }
  void run() {
    if constexpr (!std::is_same_v<F, NoCallback>) f_(std::move(value_));
  }

 private:
  CaseChannel<C> channel_;
  F f_;
  std::optional<typename std::remove_cvref_t<C>::value_type> value_;
};

template <class C, class F>
class SendCase {
 public:
  using Value = typename std::remove_cvref_t<C>::value_type;
  SendCase(C&& channel, Value value, F f)
      : channel_(std::forward<C>(channel)), value_(std::move(value)), f_(std::move(f)) {}
  SelectOp op() noexcept { return {SelectDirection::kSend, channel_.core(), &value_}; }
  void run() {
    if constexpr (!std::is_same_v<F, NoCallback>) f_();
  }

 private:
  CaseChannel<C> channel_;
  Value value_;
  F f_;
};

template <class F>
class OtherwiseCase {
 public:
  explicit OtherwiseCase(F f) : f_(std::move(f)) {}
  SelectOp op() noexcept { return {}; }
  void run() {
    if constexpr (!std::is_same_v<F, NoCallback>) f_();
  }

 private:
  F f_;
};

template <class Case>
concept SelectCaseLike = requires(std::remove_cvref_t<Case>& one) {
  { one.op() } -> std::same_as<SelectOp>;
  one.run();
};

template <class C>
ChannelHandle share(const C& channel) noexcept {
  if (channel.core() != nullptr) channel_ref(channel.core());
  return ChannelHandle(channel.core());
}

}  // namespace rt

// A case that receives from a Chan or RecvChan; f is given the std::optional that recv() would return. A channel with a
// name must outlive the case; a temporary, as that of after(), is kept.
template <class C, class F = rt::NoCallback>
auto on_recv(C&& channel, F f = {}) {
  return rt::RecvCase<C, F>(std::forward<C>(channel), std::move(f));
}

// A case that sends `value` on a Chan or SendChan; of the channel as on_recv().
template <class C, class F = rt::NoCallback>
auto on_send(C&& channel, typename std::remove_cvref_t<C>::value_type value, F f = {}) {
  return rt::SendCase<C, F>(std::forward<C>(channel), std::move(value), std::move(f));
}

// Taken only if no other case is ready.
template <class F = rt::NoCallback>
auto otherwise(F f = {}) {
  return rt::OtherwiseCase<F>(std::move(f));
}

// A case of the select over a span.
class SelectCase {
 public:
  template <class C>
  static SelectCase recv(const C& channel, std::optional<typename C::value_type>* slot) {
    return SelectCase({rt::SelectDirection::kRecv, channel.core(), slot}, rt::share(channel));
  }
  // Moves from *value only if chosen.
  template <class C>
  static SelectCase send(const C& channel, typename C::value_type* value) {
    return SelectCase({rt::SelectDirection::kSend, channel.core(), value}, rt::share(channel));
  }
  static SelectCase otherwise() { return SelectCase({}, {}); }

  const rt::SelectOp& op() const noexcept { return op_; }

 private:
  SelectCase(rt::SelectOp op, rt::ChannelHandle keep) : op_(op), keep_(std::move(keep)) {}
  rt::SelectOp op_;
  rt::ChannelHandle keep_;
};

// Waits for one of the cases, runs it and returns its index. No case: blocks for ever. More than 65536 cases: throws
// std::length_error; two otherwise: RuntimeError.
std::size_t select(std::span<SelectCase> cases);

template <rt::SelectCaseLike... Cases>
std::size_t select(Cases&&... cases) {
  if constexpr (sizeof...(Cases) == 0) {
    return rt::select_ops({});
  } else {
    const rt::SelectOp ops[] = {cases.op()...};
    const std::size_t chosen = rt::select_ops(ops);
    std::size_t index = 0;
    static_cast<void>(((index++ == chosen ? (cases.run(), true) : false) || ...));
    return chosen;
  }
}

}  // namespace novelo
