// novelo/chan.h
// Channels: typed, first in first out, buffered or not, with Go's semantics.
//
//   from   goroutines and any other thread; there try_ calls, close, len and cap never wait, send and recv block the
//          thread
//   may    park in send, recv and iteration, and leave them by Cancelled
//   cost   about 20 ns when nobody waits; a switch when somebody does
//   tested tests/conformance/chan_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <optional>
#include <type_traits>
#include <utility>

#include "novelo/error.h"
#include "novelo/start.h"

namespace novelo {

// The element of a channel that carries no data.
struct Unit {
  friend bool operator==(Unit, Unit) = default;
};

enum class RecvResult : std::uint8_t { kReceived, kEmpty, kClosed };

namespace rt {

// How the untyped channel handles an element. Moving an element must not throw.
struct ElementType {
  std::size_t size;
  std::size_t align;
  void (*deliver)(void* optional, void* from) noexcept;  // fills the receiver's std::optional
  void (*construct)(void* to, void* from) noexcept;      // by moving; nullptr: copying the bytes does
  void (*end)(void* element) noexcept;                   // the destructor; nullptr: it does nothing
  bool may_refer;                                        // to a collected object

  void move(void* to, void* from) const noexcept {
    note(from);
    if (construct != nullptr) {
      construct(to, from);
    } else if (size == sizeof(std::uint64_t)) {  // the frequent sizes without a call
      std::memcpy(to, from, sizeof(std::uint64_t));
    } else if (size == sizeof(std::uint32_t)) {
      std::memcpy(to, from, sizeof(std::uint32_t));
    } else {
      std::memcpy(to, from, size);
    }
  }
  // An element is about to go from one stack to another, or to and from a buffer: the collector may have looked at
  // where it goes already.
  void note(const void* element) const noexcept {
    if (may_refer && is_barrier_on.load(std::memory_order_relaxed)) [[unlikely]]
      note_moved(element, size);
  }
  void destroy(void* element) const noexcept {
    if (end != nullptr) end(element);
  }
};

template <class T>
void construct_element(void* to, void* from) noexcept {
  ::new (to) T(std::move(*static_cast<T*>(from)));
}
template <class T>
void end_element(void* element) noexcept {
  static_cast<T*>(element)->~T();
}

template <class T>
inline constexpr ElementType kElementType = {
    std::is_empty_v<T> ? 0 : sizeof(T),
    alignof(T),
    [](void* optional, void* from) noexcept {
      static_cast<std::optional<T>*>(optional)->emplace(std::move(*static_cast<T*>(from)));
    },
    std::is_trivially_copyable_v<T> ? nullptr : construct_element<T>,
    std::is_trivially_destructible_v<T> ? nullptr : end_element<T>,
    kMayRefer<T>,
};

class Channel;

// nullptr is the nil channel throughout.
Channel* channel_make(const ElementType& type, std::int64_t capacity);  // throws std::length_error
void channel_ref(Channel* channel) noexcept;
void channel_unref(Channel* channel) noexcept;
void channel_send(Channel* channel, void* element);
void channel_recv(Channel* channel, void* optional);  // leaves it empty when closed and drained
bool channel_try_send(Channel* channel, void* element);
RecvResult channel_try_recv(Channel* channel, void* optional);
void channel_close(Channel* channel);
std::size_t channel_len(const Channel* channel) noexcept;
std::size_t channel_cap(const Channel* channel) noexcept;

// Something that lives as long as a channel: told, once, by whoever gives up the last handle.
class ChannelAttachment {
 public:
  virtual void channel_gone() noexcept = 0;

 protected:
  ~ChannelAttachment() = default;
};
// Before the channel is shared.
void channel_attach(Channel* channel, ChannelAttachment* attachment) noexcept;

// The counted handle that Chan, SendChan and RecvChan share.
class ChannelHandle {
 public:
  ChannelHandle() noexcept = default;
  explicit ChannelHandle(Channel* owned) noexcept : channel_(owned) {}
  ChannelHandle(const ChannelHandle& other) noexcept : channel_(other.channel_) {
    if (channel_ != nullptr) channel_ref(channel_);
  }
  ChannelHandle(ChannelHandle&& other) noexcept : channel_(other.channel_) {
    if (is_barrier_on.load(std::memory_order_relaxed)) [[unlikely]]
      note_moved(&channel_, sizeof channel_);
    other.channel_ = nullptr;
  }
  ChannelHandle& operator=(ChannelHandle other) noexcept {
    std::swap(channel_, other.channel_);
    return *this;
  }
  ~ChannelHandle() {
    if (channel_ != nullptr) channel_unref(channel_);
  }
  Channel* get() const noexcept { return channel_; }
  friend bool operator==(const ChannelHandle&, const ChannelHandle&) = default;

 private:
  Channel* channel_ = nullptr;
};

}  // namespace rt

template <class T>
class RecvChan;

// The sending side of a channel.
template <class T>
class SendChan {
 public:
  using value_type = T;
  SendChan() = default;
  explicit SendChan(rt::ChannelHandle handle) noexcept : handle_(std::move(handle)) {}

  // Blocks until a receiver or a place in the buffer takes v. Nil: for ever. Closed, before or while blocked: throws
  // ChannelClosed.
  void send(T v) const { rt::channel_send(handle_.get(), &v); }
  // Moves from v only if it returns true. Closed: throws ChannelClosed.
  bool try_send(T& v) const {
    rt::call_point();
    return rt::channel_try_send(handle_.get(), &v);
  }
  void close() const {
    rt::choice_point();
    rt::channel_close(handle_.get());
  }
  std::size_t len() const { return rt::channel_len(handle_.get()); }
  std::size_t cap() const { return rt::channel_cap(handle_.get()); }
  rt::Channel* core() const noexcept { return handle_.get(); }
  friend bool operator==(const SendChan&, const SendChan&) = default;

 private:
  rt::ChannelHandle handle_;
};

// The receiving side of a channel.
template <class T>
class RecvChan {
 public:
  using value_type = T;

  // An input iterator over what is received, to the end of the channel.
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using pointer = T*;
    using reference = T&;

    Iterator() = default;
    explicit Iterator(rt::Channel* channel) : channel_(channel) { ++*this; }
    T& operator*() const noexcept { return *value_; }
    T* operator->() const noexcept { return &*value_; }
    Iterator& operator++() {
      value_.reset();
      rt::channel_recv(channel_, &value_);
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& it, std::default_sentinel_t) noexcept { return !it.value_.has_value(); }

   private:
    rt::Channel* channel_ = nullptr;
    mutable std::optional<T> value_;
  };

  RecvChan() = default;
  explicit RecvChan(rt::ChannelHandle handle) noexcept : handle_(std::move(handle)) {}

  // Blocks until a value comes; nullopt when the channel is closed and drained. Nil: for ever.
  std::optional<T> recv() const {
    std::optional<T> value;
    rt::channel_recv(handle_.get(), &value);
    return value;
  }
  // Sets out to nullopt unless it returns kReceived.
  RecvResult try_recv(std::optional<T>& out) const {
    rt::call_point();
    out.reset();
    return rt::channel_try_recv(handle_.get(), &out);
  }
  std::size_t len() const { return rt::channel_len(handle_.get()); }
  std::size_t cap() const { return rt::channel_cap(handle_.get()); }
  Iterator begin() const { return Iterator(handle_.get()); }
  std::default_sentinel_t end() const { return {}; }
  rt::Channel* core() const noexcept { return handle_.get(); }
  friend bool operator==(const RecvChan&, const RecvChan&) = default;

 private:
  rt::ChannelHandle handle_;
};

// Both sides: a handle, copying shares the channel; Chan<T>{} is the nil channel. Lives anywhere.
template <class T>
class Chan {
 public:
  using value_type = T;
  Chan() = default;
  explicit Chan(rt::ChannelHandle handle) noexcept : handle_(std::move(handle)) {}

  void send(T v) const { rt::channel_send(handle_.get(), &v); }
  std::optional<T> recv() const {
    std::optional<T> value;
    rt::channel_recv(handle_.get(), &value);
    return value;
  }
  bool try_send(T& v) const {
    rt::call_point();
    return rt::channel_try_send(handle_.get(), &v);
  }
  RecvResult try_recv(std::optional<T>& out) const {
    rt::call_point();
    out.reset();
    return rt::channel_try_recv(handle_.get(), &out);
  }
  // Nil or closed already: throws ChannelClosed. Wakes every receiver and every sender.
  void close() const {
    rt::choice_point();
    rt::channel_close(handle_.get());
  }
  std::size_t len() const { return rt::channel_len(handle_.get()); }
  std::size_t cap() const { return rt::channel_cap(handle_.get()); }
  auto begin() const { return typename RecvChan<T>::Iterator(handle_.get()); }
  std::default_sentinel_t end() const { return {}; }

  operator SendChan<T>() const noexcept { return SendChan<T>(handle_); }
  operator RecvChan<T>() const noexcept { return RecvChan<T>(handle_); }
  rt::Channel* core() const noexcept { return handle_.get(); }
  friend bool operator==(const Chan&, const Chan&) = default;

 private:
  rt::ChannelHandle handle_;
};

// Capacity 0 is a rendezvous. Negative or too large: throws std::length_error.
template <class T>
Chan<T> make_chan(std::int64_t capacity = 0) {
  static_assert(std::is_move_constructible_v<T>, "a channel moves its elements");
  return Chan<T>(rt::ChannelHandle(rt::channel_make(rt::kElementType<T>, capacity)));
}

}  // namespace novelo
