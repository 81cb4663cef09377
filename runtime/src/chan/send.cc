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
  for (;;) {
    channel->lock().lock();
    if (channel->is_closed()) {
      channel->lock().unlock();
      throw ChannelClosed(kClosed);
    }
    if (const Channel::Attempt sent = channel->send_now(element); sent.is_done) {
      channel->lock().unlock();
      wake_won(sent.won);
      return;
    }
    if (is_findable()) break;
    channel->lock().unlock();
    enter_scope_list();
  }
  Waiter waiter;
  waiter.slot = element;
  channel->senders().push(waiter);
  if (wait_unlocking(WaitReason::kChanSend, channel->waited_for(), channel->lock()) == WakeCause::kCancel) {
    channel->lock().lock();
    channel->senders().remove(waiter);
    channel->lock().unlock();
    throw_cancelled();
  }
  if (!waiter.has_succeeded) throw ChannelClosed(kClosed);
}

bool channel_try_send(Channel* channel, void* element) {
  if (channel == nullptr) return false;
  Channel::Attempt sent{};
  {
    LockGuard guard(channel->lock());
    if (channel->is_closed()) throw ChannelClosed(kClosed);
    sent = channel->send_now(element);
  }
  wake_won(sent.won);
  return sent.is_done;
}

}  // namespace novelo::rt
