// A thief copies the slots first and then moves head_: if that fails, what it copied was never its own. The owner may
// not fill a slot again before head_ has passed it, which push() checks with an acquire of head_.
#include "sched/run_queue.h"

#include "base/check.h"

namespace novelo::rt {

bool RunQueue::push(Goroutine* g) noexcept {
  const std::uint32_t tail = tail_.load(relaxed);  // the owner alone writes it
  // [rq-reuse] acquire, with the release of head_ by whoever takes: a thief has finished reading a slot before we fill
  // it again. Without it a thief could leave with the goroutine we now append.
  const std::uint32_t head = head_.load(acquire);
  if (tail - head == kCapacity) return false;
  slot(tail).store(g, relaxed);
  tail_.store(tail + 1, release);  // [rq-publish] with the thief's acquire: who sees the new tail sees `g`
  return true;
}

Goroutine* RunQueue::pop_ring() noexcept {
  std::uint32_t head = head_.load(acquire);  // [rq-reuse] with the other takers' release
  for (;;) {
    if (head == tail_.load(relaxed)) return nullptr;
    Goroutine* g = slot(head).load(relaxed);
    // [rq-reuse] release: the slot was read before it counts as free
    if (head_.compare_exchange_weak(head, head + 1, acq_rel, acquire)) return g;
  }
}

std::uint32_t RunQueue::take_half(Goroutine** batch) noexcept {
  return grab(batch, Next::kLeave);
}

std::uint32_t RunQueue::grab(Goroutine** batch, Next next) noexcept {
  std::uint32_t head = head_.load(acquire);  // [rq-reuse] with the other takers' release
  for (;;) {
    const std::uint32_t tail = tail_.load(acquire);  // [rq-publish] with push()
    const std::uint32_t length = tail - head;
    if (length > kCapacity) {      // head_ and tail_ were read at different times
      head = head_.load(acquire);  // [rq-reuse]
      continue;
    }
    const std::uint32_t wanted = length - length / 2;
    if (wanted == 0) {
      if (next == Next::kLeave || next_.load(relaxed) == nullptr) return 0;
      batch[0] = next_.exchange(nullptr, acq_rel);  // [rq-next]
      return batch[0] == nullptr ? 0 : 1;
    }
    for (std::uint32_t i = 0; i < wanted; ++i) batch[i] = slot(head + i).load(relaxed);
    // [rq-reuse] release: the slots were read before they count as free
    if (head_.compare_exchange_weak(head, head + wanted, acq_rel, acquire)) return wanted;
  }
}

Goroutine* RunQueue::steal_half(RunQueue& victim, Next next) noexcept {
  Goroutine* batch[kCapacity];
  const std::uint32_t taken = victim.grab(batch, next);
  if (taken == 0) return nullptr;
  const std::uint32_t tail = tail_.load(relaxed);
  NOVELO_DCHECK(tail - head_.load(relaxed) + taken <= kCapacity);
  for (std::uint32_t i = 0; i + 1 < taken; ++i) slot(tail + i).store(batch[i], relaxed);
  tail_.store(tail + taken - 1, release);  // [rq-publish] with the next thief's acquire
  return batch[taken - 1];
}

bool RunQueue::is_empty() const noexcept {
  return length() == 0;
}

std::uint32_t RunQueue::length() const noexcept {
  const std::uint32_t head = head_.load(acquire);  // [rq-reuse] read first, so that the length is not negative
  const std::uint32_t tail = tail_.load(acquire);  // [rq-publish]
  return tail - head + (next_.load(seq_cst) != nullptr ? 1 : 0);  // [work-wake] with push_next()
}

}  // namespace novelo::rt
