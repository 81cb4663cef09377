// select in three passes over the channels, all locked in the order of their addresses, so that "ready" is a fact of
// one instant and two selects cannot deadlock:
//   1. look for ready cases in a random order; take the first
//   2. nothing ready: put a waiter into every channel's queue and park; the commit unlocks them all
//   3. woken: take the waiters out of the other queues, one lock at a time, and see which case it was
// All waiters carry one ticket of one wait record, so exactly one case of one wait is ever served.
#include "novelo/select.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/random.h"
#include "chan/channel.h"
#include "os/clock.h"
#include "sched/park.h"
#include "sched/scheduler.h"

namespace novelo::rt {
namespace {

constexpr std::size_t kCasesMax = 65536;
constexpr std::size_t kInline = 16;
constexpr std::size_t kNone = static_cast<std::size_t>(-1);

// The channels of a select, each once, in the order of their addresses.
class LockSet {
 public:
  explicit LockSet(std::span<Channel*> sorted) noexcept : channels_(sorted) {}

  void lock() noexcept NOVELO_NO_THREAD_SAFETY_ANALYSIS {
    for (Channel* channel : channels_) channel->lock().lock();
  }
  void unlock() noexcept NOVELO_NO_THREAD_SAFETY_ANALYSIS {
    // After the last unlock the goroutine may be gone, and this object with it: nothing is read from it then.
    Channel* const* next = channels_.data();
    Channel* const* const last = next + channels_.size();
    while (next != last) {
      Channel* channel = *next++;
      channel->lock().unlock();
    }
  }
  // None, when a timer may end the wait.
  SelectedChannels selected() const noexcept {
    static_assert(sizeof(Channel*) == sizeof(const void*));
    for (const Channel* channel : channels_) {
      if (channel->waited_for() == nullptr) return {nullptr, 0};
    }
    return {reinterpret_cast<const void* const*>(channels_.data()), channels_.size()};
  }

 private:
  std::span<Channel*> channels_;
};

// Where chance comes from on this thread, for as long as it lives.
class Dice {
 public:
  std::uint32_t below(std::uint32_t bound) noexcept {
    if (choices_ != nullptr) return choices_->below(bound);
    return random_.below(bound);
  }

 private:
  static Random& foreign() noexcept {
    thread_local Random random(static_cast<std::uint64_t>(steady_ns()));
    return random;
  }
  const PinnedProcessor p_;
  Choices* const choices_ = p_ ? scheduler()->choices() : nullptr;
  Random& random_ = p_ ? p_->random : foreign();
};

// Every order is equally likely.
void shuffle(std::span<std::uint32_t> order) noexcept {
  Dice dice;
  for (std::size_t left = order.size(); left > 1; --left) {
    std::swap(order[left - 1], order[dice.below(static_cast<std::uint32_t>(left))]);
  }
}

// Memory for `n` of T: on the stack up to kInline.
template <class T>
class Scratch {
 public:
  explicit Scratch(std::size_t n) : size_(n) {
    if (n > kInline) heap_.resize(n);
  }
  std::span<T> span() noexcept { return {size_ > kInline ? heap_.data() : inline_, size_}; }

 private:
  const std::size_t size_;
  T inline_[kInline];
  std::vector<T> heap_;
};

// Does the case if it can be done at once. A send on a closed channel counts as ready, as a receive does.
struct Tried {
  bool is_done = false;
  bool is_closed_send = false;
  WaitRecord* won = nullptr;
};
Tried try_case(const SelectOp& op) noexcept NOVELO_NO_THREAD_SAFETY_ANALYSIS {
  Channel& channel = *op.channel;
  if (op.direction == SelectDirection::kSend) {
    if (channel.is_closed()) return {.is_done = true, .is_closed_send = true};
    const Channel::Attempt sent = channel.send_now(op.slot);
    return {.is_done = sent.is_done, .won = sent.won};
  }
  const Channel::Attempt received = channel.receive_now(op.slot);
  return {.is_done = received.is_done || channel.is_closed(), .won = received.won};
}

[[noreturn]] void throw_closed() {
  throw ChannelClosed("select: send on a closed channel");
}

WaiterQueue& queue_of(const SelectOp& op) noexcept {
  return op.direction == SelectDirection::kSend ? op.channel->senders() : op.channel->receivers();
}

// All but `winner`, if there is one: that has been taken out.
void leave_queues(std::span<const SelectOp> ops, std::span<Waiter> waiters, const Waiter* winner) noexcept {
  for (Waiter& waiter : waiters) {
    if (&waiter == winner) continue;
    const SelectOp& op = ops[waiter.case_index];
    LockGuard guard(op.channel->lock());
    queue_of(op).remove(waiter);
  }
}

// Few channels mostly, and often in order already.
void sort(std::span<Channel*> channels) noexcept {
  if (channels.size() > kInline) {
    std::sort(channels.begin(), channels.end());
    return;
  }
  for (std::size_t i = 1; i < channels.size(); ++i) {
    Channel* const channel = channels[i];
    std::size_t at = i;
    for (; at > 0 && std::less<>()(channel, channels[at - 1]); --at) channels[at] = channels[at - 1];
    channels[at] = channel;
  }
}

}  // namespace

std::size_t select_ops(std::span<const SelectOp> ops) {
  if (ops.size() > kCasesMax) {
    throw std::length_error("select over " + std::to_string(ops.size()) + " cases; the limit is 65536");
  }
  std::size_t otherwise = kNone;
  Scratch<Channel*> channel_memory(ops.size());
  Scratch<std::uint32_t> order_memory(ops.size());
  std::span<Channel*> channels = channel_memory.span();
  std::span<std::uint32_t> order = order_memory.span();
  std::size_t n = 0;  // cases that can ever run
  for (std::size_t i = 0; i < ops.size(); ++i) {
    if (ops[i].direction == SelectDirection::kOtherwise) {
      if (otherwise != kNone) throw RuntimeError("select has two otherwise cases");
      otherwise = i;
    } else if (ops[i].channel != nullptr) {
      channels[n] = ops[i].channel;
      order[n++] = static_cast<std::uint32_t>(i);
    }
  }
  shuffle(order.first(n));
  before_blocking();
  if (n == 0) {
    if (otherwise != kNone) return otherwise;
    wait_forever();
  }
  channels = channels.first(n);
  order = order.first(n);
  sort(channels);
  channels = channels.first(static_cast<std::size_t>(std::unique(channels.begin(), channels.end()) - channels.begin()));
  LockSet locks(channels);

  for (;;) {
    locks.lock();
    for (const std::uint32_t i : order) {
      const Tried tried = try_case(ops[i]);
      if (!tried.is_done) continue;
      locks.unlock();
      wake_won(tried.won);
      if (tried.is_closed_send) throw_closed();
      return i;
    }
    if (otherwise != kNone) {
      locks.unlock();
      return otherwise;
    }
    if (is_findable()) break;
    locks.unlock();
    enter_scope_list();
  }

  // Memory for kInline of them, of which only those that are needed are made.
  static_assert(std::is_trivially_destructible_v<Waiter>);
  const std::unique_ptr<Waiter[]> heap = n > kInline ? std::make_unique<Waiter[]>(n) : nullptr;
  alignas(Waiter) std::byte inline_waiters[kInline * sizeof(Waiter)];
  const std::span<Waiter> waiters(heap != nullptr ? heap.get() : reinterpret_cast<Waiter*>(inline_waiters), n);
  for (std::size_t k = 0; k < n; ++k) {
    const SelectOp& op = ops[order[k]];
    if (heap == nullptr) ::new (static_cast<void*>(&waiters[k])) Waiter;
    waiters[k].slot = op.slot;
    waiters[k].case_index = order[k];
    queue_of(op).push(waiters[k]);
  }
  const SelectedChannels selected = locks.selected();
  const WakeCause cause = wait(
      WaitReason::kSelect, selected.size == 0 ? nullptr : &selected,
      [](void* held) noexcept { static_cast<LockSet*>(held)->unlock(); }, &locks);
  const auto* winner = cause == WakeCause::kCancel ? nullptr : static_cast<const Waiter*>(wait_record().winner());
  leave_queues(ops, waiters, winner);
  if (winner == nullptr) throw_cancelled();
  if (!winner->has_succeeded && ops[winner->case_index].direction == SelectDirection::kSend) throw_closed();
  return winner->case_index;
}

}  // namespace novelo::rt

namespace novelo {

std::size_t select(std::span<SelectCase> cases) {
  std::vector<rt::SelectOp> ops;
  ops.reserve(cases.size());
  for (const SelectCase& one : cases) ops.push_back(one.op());
  return rt::select_ops(ops);
}

}  // namespace novelo
