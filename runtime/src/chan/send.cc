// Sending on a channel: at once, or waiting in its queue.
#include "chan/channel.h"
#include "sched/park.h"

namespace novelo::rt {
namespace {
constexpr char kClosed[] = "send on a closed channel";
}

void channel_send(Channel* channel, void* element) NOVELO_NO_THREAD_SAFETY_ANALYSIS {
  before_blocking();
  if (channel == nullptr) wait_forever();
  WaitRecord* won = nullptr;
  for (;;) {
    channel->lock().lock();
    if (channel->is_closed()) {
      channel->lock().unlock();
      throw ChannelClosed(kClosed);
    }
    if (channel->send_now(element, won)) {
      channel->lock().unlock();
      wake_won(won);
      return;
    }
    if (is_findable()) break;
    channel->lock().unlock();
    enter_scope_list();
  }
  Waiter waiter;
  waiter.slot = element;
  channel->senders().push(waiter);
  if (wait_unlocking(WaitReason::kChanSend, channel->lock()) == WakeCause::kCancel) {
    channel->lock().lock();
    channel->senders().remove(waiter);
    channel->lock().unlock();
    throw_cancelled();
  }
  if (!waiter.has_succeeded) throw ChannelClosed(kClosed);
}

bool channel_try_send(Channel* channel, void* element) {
  if (channel == nullptr) return false;
  WaitRecord* won = nullptr;
  bool has_sent = false;
  {
    LockGuard guard(channel->lock());
    if (channel->is_closed()) throw ChannelClosed(kClosed);
    has_sent = channel->send_now(element, won);
  }
  wake_won(won);
  return has_sent;
}

}  // namespace novelo::rt
