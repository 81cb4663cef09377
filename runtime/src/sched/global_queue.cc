// The shared list, and the stack that foreign threads push on, which is turned round when it is drained.
#include "sched/global_queue.h"

#include "sched/goroutine.h"

namespace novelo::rt {

void GlobalQueue::append(Goroutine* g) noexcept {
  g->next = nullptr;
  if (last_ == nullptr) {
    first_ = g;
  } else {
    last_->next = g;
  }
  last_ = g;
  size_.store(size_.load(relaxed) + 1, release);  // [global-size] with is_empty()
}

void GlobalQueue::push(Goroutine* g) noexcept {
  LockGuard guard(lock_);
  append(g);
}

void GlobalQueue::push_batch(Goroutine** batch, std::uint32_t count) noexcept {
  LockGuard guard(lock_);
  for (std::uint32_t i = 0; i < count; ++i) append(batch[i]);
}

void GlobalQueue::inject(Goroutine* g) noexcept {
  Goroutine* top = injected_.load(relaxed);
  do {
    g->next = top;
    // [inject] release, with drain_injector()'s acquire: who takes `g` sees what was written before. No ABA: the stack
    // is only ever taken as a whole.
  } while (!injected_.compare_exchange_weak(top, g, release, relaxed));
}

void GlobalQueue::drain_injector() noexcept {
  if (injected_.load(relaxed) == nullptr) return;
  Goroutine* newest = injected_.exchange(nullptr, acquire);  // [inject] with inject()
  Goroutine* oldest = nullptr;
  while (newest != nullptr) {
    Goroutine* following = newest->next;
    newest->next = oldest;
    oldest = newest;
    newest = following;
  }
  while (oldest != nullptr) {
    Goroutine* following = oldest->next;
    append(oldest);
    oldest = following;
  }
}

std::uint32_t GlobalQueue::take(Goroutine** batch, std::uint32_t max) noexcept {
  if (is_empty()) return 0;
  LockGuard guard(lock_);
  drain_injector();
  std::uint32_t taken = 0;
  while (taken < max && first_ != nullptr) {
    batch[taken++] = first_;
    first_ = first_->next;
  }
  if (first_ == nullptr) last_ = nullptr;
  size_.store(size_.load(relaxed) - taken, release);  // [global-size]
  return taken;
}

}  // namespace novelo::rt
