// Receiving from a channel: at once, or waiting in its queue.
#include "chan/channel.h"
#include "sched/park.h"

namespace novelo::rt {

void channel_recv(Channel* channel, void* optional) NOVELO_NO_THREAD_SAFETY_ANALYSIS {
  before_blocking();
  if (channel == nullptr) wait_forever();
  for (;;) {
    channel->lock().lock();
    if (const Channel::Attempt received = channel->receive_now(optional); received.is_done || channel->is_closed()) {
      channel->lock().unlock();
      wake_won(received.won);
      return;
    }
    if (is_findable()) break;
    channel->lock().unlock();
    enter_scope_list();
  }
  Waiter waiter;
  waiter.slot = optional;
  channel->receivers().push(waiter);
  if (wait_unlocking(WaitReason::kChanReceive, channel->waited_for(), channel->lock()) == WakeCause::kCancel) {
    channel->lock().lock();
    channel->receivers().remove(waiter);
    channel->lock().unlock();
    throw_cancelled();
  }
}

RecvResult channel_try_recv(Channel* channel, void* optional) {
  if (channel == nullptr) return RecvResult::kEmpty;
  Channel::Attempt received{};
  {
    LockGuard guard(channel->lock());
    received = channel->receive_now(optional);
    if (!received.is_done) return channel->is_closed() ? RecvResult::kClosed : RecvResult::kEmpty;
  }
  wake_won(received.won);
  return RecvResult::kReceived;
}

}  // namespace novelo::rt
