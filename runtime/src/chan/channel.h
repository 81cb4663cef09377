// runtime/src/chan/channel.h
// The untyped channel under Chan<T>: a lock, a ring of elements, and the queues of those who wait.
//
//   who        send.cc, receive.cc, select.cc, close and the counts below
//   may        take its lock; park in send and receive
//   invariants while it is open: the buffer is empty or no receiver waits; the buffer is full (always so when the
//              capacity is 0) or no sender waits. Waiters whose wait has ended otherwise (select, cancel) do not count.
//              closed_ never turns false; once closed nobody who waits is served: all are released before close()
//              returns
//   tested     tests/conformance/chan_test.cc, tests/stress/chan_test.cc
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/atomic.h"
#include "base/lock.h"
#include "novelo/chan.h"
#include "sched/waiter.h"

namespace novelo::rt {

class Channel {
 public:
  static constexpr std::int64_t kBytesMax = std::int64_t{1} << 40;  // of the buffer

  // Under the lock: does what can be done at once. Who can go on because of it is won, for wake_won() when the lock has
  // been released: a wake may be a system call. `is_closed()` is looked at first.
  struct Attempt {
    bool is_done;  // false: it would block
    WaitRecord* won;
  };
  Attempt send_now(void* element) noexcept NOVELO_REQUIRES(lock_);
  Attempt receive_now(void* optional) noexcept NOVELO_REQUIRES(lock_);

  bool is_closed() const noexcept NOVELO_REQUIRES(lock_) { return is_closed_; }
  RawLock& lock() noexcept NOVELO_RETURN_CAPABILITY(lock_) { return lock_; }
  WaiterQueue& senders() noexcept { return senders_; }
  WaiterQueue& receivers() noexcept { return receivers_; }

  // False: it was closed already.
  [[nodiscard]] bool close() noexcept;

  std::size_t length() const noexcept { return length_.load(relaxed); }
  std::size_t capacity() const noexcept { return capacity_; }

  void ref() noexcept { references_.fetch_add(1, relaxed); }  // [chan-refs] whoever copies holds one already
  void unref() noexcept;

  // As wait() wants it: what it is attached to may end the wait too.
  const void* waited_for() const noexcept { return attachment_ == nullptr ? this : nullptr; }

  void attach(ChannelAttachment* attachment) noexcept { attachment_ = attachment; }

  static Channel* make(const ElementType& type, std::int64_t capacity);

 private:
  Channel(const ElementType& type, std::size_t capacity) noexcept : type_(type), capacity_(capacity) {}
  ~Channel();

  static std::size_t buffer_offset(const ElementType& type) noexcept;
  static std::size_t bytes_for(const ElementType& type, std::size_t capacity) noexcept;
  void* slot(std::size_t i) noexcept { return buffer_ + i * type_.size; }
  void put(void* element) noexcept NOVELO_REQUIRES(lock_);
  static constexpr int kReleasedAtOnce = 32;
  bool release_some() noexcept;
  Waiter* next_sender() noexcept NOVELO_REQUIRES(lock_);
  static WaitRecord* succeed(Waiter& waiter) noexcept {
    waiter.has_succeeded = true;
    return waiter.record;
  }
  std::size_t following(std::size_t i) const noexcept { return i + 1 == capacity_ ? 0 : i + 1; }

  Lock<LockRank::kChannel> lock_;
  bool is_closed_ NOVELO_GUARDED_BY(lock_) = false;
  Atomic<std::int64_t> references_{1};
  const ElementType& type_;
  ChannelAttachment* attachment_ = nullptr;
  const std::size_t capacity_;
  std::byte* buffer_ = nullptr;                     // behind this object, in the same allocation
  Atomic<std::size_t> length_{0};                   // written under the lock
  std::size_t first_ NOVELO_GUARDED_BY(lock_) = 0;  // the oldest element
  std::size_t free_ NOVELO_GUARDED_BY(lock_) = 0;   // where the next one goes
  WaiterQueue senders_;
  WaiterQueue receivers_;
};

// Of an attempt.
inline void wake_won(WaitRecord* won) noexcept {
  if (won != nullptr) wake(*won);
}

}  // namespace novelo::rt
