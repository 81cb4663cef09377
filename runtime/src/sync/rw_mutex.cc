// RWMutex: writers take turns by a Mutex; the one that has it sets kWriter, which holds off new readers, and waits for
// those inside. Who waits here stands in one queue by the address of word_: the writer, if it waits, is its first.
//
// Rejected: readers and writers in one queue, served in order. A writer would be handed the lock by a context switch
// each time, and readers would not be let in together.
#include "novelo/sync.h"
#include "sync/wait_table.h"

namespace novelo {
namespace {

struct RwWaiter : rt::TableWaiter {
  RwWaiter(const void* object, bool writes) noexcept : TableWaiter(object), is_writer(writes) {}
  const bool is_writer;
};

}  // namespace

void RWMutex::lock() {
  writers_.lock();
  std::uint64_t expected = 0;
  // [rwmutex-word] acquire, with the release of unlock() and unlock_shared()
  if (word_.compare_exchange_strong(expected, kWriter, std::memory_order_acquire, std::memory_order_relaxed)) return;
  try {
    wait_for_readers();
  } catch (...) {
    writers_.unlock();
    throw;
  }
}

bool RWMutex::try_lock() noexcept {
  if (!writers_.try_lock()) return false;
  std::uint64_t expected = 0;
  // [rwmutex-word] as lock()
  if (word_.compare_exchange_strong(expected, kWriter, std::memory_order_acquire, std::memory_order_relaxed)) {
    return true;
  }
  writers_.unlock();
  return false;
}

// By the one writer that has writers_: nobody else sets kWriter.
void RWMutex::wait_for_readers() NOVELO_NO_THREAD_SAFETY_ANALYSIS {
  rt::before_table_wait();
  rt::WaitBucket& bucket = rt::WaitBucket::of(&word_);
  bucket.lock().lock();
  std::uint64_t word = word_.load(std::memory_order_relaxed);
  // [rwmutex-word] acquire, with unlock_shared()'s release
  while (!word_.compare_exchange_weak(word, word == 0 ? kWriter : word | kWriter | kQueued, std::memory_order_acquire,
                                      std::memory_order_relaxed)) {
  }
  if (word == 0) {
    bucket.lock().unlock();
    return;
  }
  RwWaiter waiter(&word_, true);
  bucket.push_back(waiter);
  if (rt::wait_unlocking(rt::WaitReason::kRwMutexWrite, waiter.address, bucket.lock()) == rt::WakeCause::kCancel) {
    {
      rt::WakeList held_off;
      const rt::LockGuard guard(bucket.lock());
      bucket.remove(waiter);
      const auto readers = static_cast<std::uint64_t>(bucket.pop_all(&word_, held_off));
      word = word_.load(std::memory_order_relaxed);
      // [rwmutex-word] release: a writer that comes next has seen what an earlier one wrote
      while (!word_.compare_exchange_weak(word, (word & ~(kWriter | kQueued)) + readers * kReader,
                                          std::memory_order_release, std::memory_order_relaxed)) {
      }
    }
    rt::throw_cancelled();
  }
}

void RWMutex::unlock() {
  std::uint64_t word = kWriter;
  // [rwmutex-word] release, with the acquire of lock() and lock_shared()
  if (!word_.compare_exchange_strong(word, 0, std::memory_order_release, std::memory_order_relaxed)) {
    rt::WakeList readers;
    rt::WaitBucket& bucket = rt::WaitBucket::of(&word_);
    const rt::LockGuard guard(bucket.lock());
    word = word_.load(std::memory_order_relaxed);
    if ((word & kWriter) == 0 || word >= kReader) throw RuntimeError("unlock of an RWMutex that no writer has locked");
    const auto count = static_cast<std::uint64_t>(bucket.pop_all(&word_, readers));
    word_.store(count * kReader, std::memory_order_release);  // [rwmutex-word]
  }
  writers_.unlock();
}

void RWMutex::lock_shared_slow() NOVELO_NO_THREAD_SAFETY_ANALYSIS {
  rt::before_table_wait();
  rt::WaitBucket& bucket = rt::WaitBucket::of(&word_);
  bucket.lock().lock();
  for (;;) {
    if (try_enter()) {
      bucket.lock().unlock();
      return;
    }
    std::uint64_t word = word_.load(std::memory_order_relaxed);
    if ((word & kWriter) != 0 && word_.compare_exchange_weak(word, word | kQueued, std::memory_order_relaxed)) break;
  }
  RwWaiter waiter(&word_, false);
  bucket.push_back(waiter);
  if (rt::wait_unlocking(rt::WaitReason::kRwMutexRead, waiter.address, bucket.lock()) == rt::WakeCause::kCancel) {
    bucket.lock().lock();
    bucket.remove(waiter);
    if (bucket.first(&word_) == nullptr) word_.fetch_and(~kQueued, std::memory_order_relaxed);
    bucket.lock().unlock();
    rt::throw_cancelled();
  }
  // unlock() has counted this reader already.
}

bool RWMutex::try_leave() {
  std::uint64_t word = word_.load(std::memory_order_relaxed);
  while (word != (kReader | kWriter | kQueued)) {
    if (word < kReader) throw RuntimeError("unlock_shared of an RWMutex that no reader has locked");
    // [rwmutex-word] release, with lock()'s acquire
    if (word_.compare_exchange_weak(word, word - kReader, std::memory_order_release, std::memory_order_relaxed)) {
      return true;
    }
  }
  return false;
}

void RWMutex::unlock_shared() {
  rt::choice_point();
  if (try_leave()) return;
  rt::choice_point();
  rt::WakeList granted;
  rt::WaitBucket& bucket = rt::WaitBucket::of(&word_);
  const rt::LockGuard guard(bucket.lock());
  // Once more: meanwhile that writer may have left by a cancellation, the readers behind it may have come in and
  // another writer may wait for them. If it is still the last reader, nobody changes the word while the bucket is
  // locked.
  if (try_leave()) return;
  auto* first = static_cast<RwWaiter*>(bucket.first(&word_));
  if (first != nullptr && first->is_writer && first->record->try_win(first->ticket, rt::WakeCause::kEvent)) {
    bucket.remove(*first);
    granted.add(*first);
    const std::uint64_t queued = bucket.first(&word_) != nullptr ? kQueued : 0;
    // [rwmutex-word] acq_rel: what other readers did before they left is passed on to the writer
    word_.exchange(kWriter | queued, std::memory_order_acq_rel);
    return;
  }
  // The writer leaves by a cancellation: it lets in those behind itself.
  word_.fetch_sub(kReader, std::memory_order_release);  // [rwmutex-word] with lock()'s acquire
}

}  // namespace novelo
