// What send and receive can do at once, closing, and the life of a channel. A value goes straight from a sender to a
// receiver that waits; the winner of the receiver's wait fills its slot before it wakes it.
#include "chan/channel.h"

#include <algorithm>
#include <new>
#include <stdexcept>
#include <string>

#include "sched/memory.h"

namespace novelo::rt {

std::size_t Channel::buffer_offset(const ElementType& type) noexcept {
  return (sizeof(Channel) + type.align - 1) / type.align * type.align;
}

std::size_t Channel::bytes_for(const ElementType& type, std::size_t capacity) noexcept {
  return buffer_offset(type) + capacity * type.size;
}

Channel* Channel::make(const ElementType& type, std::int64_t capacity) {
  const auto size = static_cast<std::int64_t>(type.size);
  if (capacity < 0) throw std::length_error("make_chan: the capacity is negative: " + std::to_string(capacity));
  if (size > 0 && capacity > kBytesMax / size) {
    throw std::length_error("make_chan: a buffer of " + std::to_string(capacity) + " elements of " +
                            std::to_string(size) + " bytes is larger than the limit of 1 TiB");
  }
  const std::size_t align = std::max(type.align, alignof(Channel));
  const std::size_t bytes = bytes_for(type, static_cast<std::size_t>(capacity));
  void* memory = type.may_refer ? allocate_traced(bytes, align) : allocate(bytes, align);
  auto* channel = ::new (memory) Channel(type, static_cast<std::size_t>(capacity));
  channel->buffer_ = static_cast<std::byte*>(memory) + buffer_offset(type);
  return channel;
}

void Channel::unref() noexcept {
  // [chan-refs] acq_rel: the one who destroys sees what the others did
  if (references_.fetch_sub(1, acq_rel) != 1) return;
  if (attachment_ != nullptr) attachment_->channel_gone();
  const std::size_t bytes = bytes_for(type_, capacity_);
  const std::size_t align = std::max(type_.align, alignof(Channel));
  this->~Channel();
  deallocate(this, bytes, align);
}

Channel::~Channel() {
  for (std::size_t left = length_.load(relaxed); left > 0; --left) {
    type_.destroy(slot(first_));
    first_ = following(first_);
  }
}

void Channel::put(void* element) noexcept {
  type_.move(slot(free_), element);
  free_ = following(free_);
  length_.store(length_.load(relaxed) + 1, relaxed);
}

// Those who still wait when it is closed have been refused, though they were not told yet.
Waiter* Channel::next_sender() noexcept {
  return is_closed_ ? nullptr : senders_.pop_winner();
}

Channel::Attempt Channel::send_now(void* element) noexcept {
  if (Waiter* receiver = receivers_.pop_winner()) {
    type_.note(element);
    type_.deliver(receiver->slot, element);
    return {true, succeed(*receiver)};
  }
  if (length_.load(relaxed) == capacity_) return {false, nullptr};
  put(element);
  return {true, nullptr};
}

Channel::Attempt Channel::receive_now(void* optional) noexcept {
  if (length_.load(relaxed) > 0) {
    void* oldest = slot(first_);
    type_.note(oldest);
    type_.deliver(optional, oldest);
    type_.destroy(oldest);
    first_ = following(first_);
    length_.store(length_.load(relaxed) - 1, relaxed);
    // The buffer was full if somebody waits to send: the value that waited longest takes the place.
    Waiter* sender = next_sender();
    if (sender == nullptr) return {true, nullptr};
    put(sender->slot);
    return {true, succeed(*sender)};
  }
  if (Waiter* sender = next_sender()) {
    type_.note(sender->slot);
    type_.deliver(optional, sender->slot);
    return {true, succeed(*sender)};
  }
  return {false, nullptr};
}

bool Channel::close() noexcept {
  {
    LockGuard guard(lock_);
    if (is_closed_) return false;
    is_closed_ = true;
  }
  while (release_some()) choice_point();
  return true;
}

// Some of those who waited when the channel was closed, and has_succeeded stays false; true: there may be more. Not all
// at once: a waiter lies on its goroutine's stack, and of a million the first would be cold again when it is woken.
bool Channel::release_some() noexcept {
  WakeList released;
  LockGuard guard(lock_);
  return receivers_.pop_winners(released, kReleasedAtOnce) || senders_.pop_winners(released, kReleasedAtOnce);
}

Channel* channel_make(const ElementType& type, std::int64_t capacity) {
  return Channel::make(type, capacity);
}
void channel_ref(Channel* channel) noexcept {
  channel->ref();
  // Where the new handle is, the collector may have looked already.
  if (is_barrier_on.load(relaxed)) [[unlikely]]
    note_moved(&channel, sizeof channel);
}
void channel_unref(Channel* channel) noexcept {
  channel->unref();
}

void channel_close(Channel* channel) {
  if (channel == nullptr) throw ChannelClosed("close of a nil channel");
  if (!channel->close()) throw ChannelClosed("close of a closed channel");
}

void channel_attach(Channel* channel, ChannelAttachment* attachment) noexcept {
  channel->attach(attachment);
}

std::size_t channel_len(const Channel* channel) noexcept {
  return channel == nullptr ? 0 : channel->length();
}
std::size_t channel_cap(const Channel* channel) noexcept {
  return channel == nullptr ? 0 : channel->capacity();
}

}  // namespace novelo::rt
