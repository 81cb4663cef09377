// Two lists under one lock: a batch is taken or given once for five hundred words.
#include "gc/mark_queue.h"

#include <new>

#include "base/check.h"

namespace novelo::rt {

MarkQueue::~MarkQueue() {
  for (Batch* list : {full_, empty_}) {
    while (Batch* batch = list) {
      list = batch->next;
      delete batch;
    }
  }
}

MarkQueue::Batch* MarkQueue::pop_full() noexcept {
  Batch* batch = full_;
  if (batch == nullptr) return nullptr;
  full_ = batch->next;
  full_size_.store(full_size_.load(relaxed) - 1, relaxed);
  return batch;
}

MarkQueue::Batch& MarkQueue::take_empty() noexcept {
  {
    const LockGuard guard(lock_);
    if (Batch* batch = empty_) {
      empty_ = batch->next;
      return *batch;
    }
  }
  auto* batch = new (std::nothrow) Batch;
  if (batch == nullptr) fatal("out of memory for the collector's list of objects");
  return *batch;
}

MarkQueue::Batch* MarkQueue::begin_work() noexcept {
  const LockGuard guard(lock_);
  Batch* batch = pop_full();
  if (batch != nullptr) ++working_;
  return batch;
}

MarkQueue::Batch* MarkQueue::take() noexcept {
  const LockGuard guard(lock_);
  return pop_full();
}

void MarkQueue::end_work() noexcept {
  const LockGuard guard(lock_);
  --working_;
}

void MarkQueue::put(Batch& batch) noexcept {
  const LockGuard guard(lock_);
  if (batch.size == 0) {
    batch.next = empty_;
    empty_ = &batch;
  } else {
    batch.next = full_;
    full_ = &batch;
    full_size_.store(full_size_.load(relaxed) + 1, relaxed);
  }
}

bool MarkQueue::is_done() noexcept {
  const LockGuard guard(lock_);
  return full_ == nullptr && working_ == 0;
}

}  // namespace novelo::rt
