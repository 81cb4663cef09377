// runtime/src/gc/mark_queue.h
// Objects that are marked, or said to be reachable, and still to be looked into: in batches, which threads fill and
// empty by themselves and exchange here.
//
//   who        whoever marks
//   may        take its lock, and allocate from the system; never parks
//   invariants a batch is with one thread or in one of the lists. is_done(): no work is here and nobody has any
//   tested     tests/unit/gc/mark_queue_test.cc
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/lock.h"
#include "heap/kept_object.h"

namespace novelo::rt {

class MarkQueue {
 public:
  struct Batch : KeptObject {
    Batch* next = nullptr;
    std::size_t size = 0;
    std::array<std::uintptr_t, 510> words;

    bool is_full() const noexcept { return size == words.size(); }
  };

  MarkQueue() = default;
  ~MarkQueue();
  MarkQueue(const MarkQueue&) = delete;
  MarkQueue& operator=(const MarkQueue&) = delete;

  // An empty one. The process ends when there is no memory for it: what is reachable could not be told any more.
  Batch& take_empty() noexcept;
  // A full one to work on, or nullptr. The caller counts as working until end_work().
  Batch* begin_work() noexcept;
  Batch* take() noexcept;  // while working
  void end_work() noexcept;

  void put(Batch& batch) noexcept;  // with words, or without
  bool has_work() const noexcept { return full_size_.load(relaxed) > 0; }
  bool is_done() noexcept;

 private:
  Batch* pop_full() noexcept NOVELO_REQUIRES(lock_);

  Lock<LockRank::kMarkQueue> lock_;
  Batch* full_ NOVELO_GUARDED_BY(lock_) = nullptr;
  Batch* empty_ NOVELO_GUARDED_BY(lock_) = nullptr;
  std::size_t working_ NOVELO_GUARDED_BY(lock_) = 0;
  Atomic<std::size_t> full_size_{0};
};

}  // namespace novelo::rt
