// runtime/src/sched/waiter.h
// One goroutine's (or foreign thread's) place in one queue, and such a queue: under channels, mutexes, groups, joins.
//
//   who        whoever holds the lock that guards the queue
//   invariants a Waiter lives on the stack of its owner, who takes it out of the queue before it goes, under the lock;
//              a waiter popped by pop_winner() has been won for its event: the caller delivers and then calls wake()
//   tested     tests/unit/sched/waiter_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include "base/intrusive_list.h"
#include "sched/park.h"
#include "sched/wait_record.h"

namespace novelo::rt {

struct Waiter : ListLink {
  Waiter() noexcept : record(&wait_record()), ticket(record->next_ticket()) {}

  WaitRecord* record;
  std::uint64_t ticket;
  void* slot = nullptr;        // what is sent, or where to put what is received
  std::size_t case_index = 0;  // within a select
  bool has_succeeded = false;  // the value moved; false: the channel was closed. Written by the winner before wake()
};

// Waiters that were won under a lock: woken in their order at the end, when the lock has been released.
class WakeList {
 public:
  WakeList() = default;
  WakeList(const WakeList&) = delete;
  WakeList& operator=(const WakeList&) = delete;
  ~WakeList() {
    // Woken, a waiter is gone.
    while (Waiter* waiter = won_.pop_front()) wake(*waiter->record);
  }
  void add(Waiter& waiter) noexcept { won_.push_back(waiter); }

 private:
  IntrusiveList<Waiter> won_;
};

class WaiterQueue {
 public:
  bool empty() const noexcept { return list_.empty(); }
  void push(Waiter& waiter) noexcept { list_.push_back(waiter); }
  void remove(Waiter& waiter) noexcept {
    if (waiter.is_linked()) waiter.unlink();
  }

  // The first waiter whose wait the caller wins; those whose wait has ended otherwise are passed over. nullptr: none.
  Waiter* pop_winner() noexcept {
    while (Waiter* waiter = list_.pop_front()) {
      if (waiter->record->try_win(waiter->ticket, WakeCause::kEvent)) {
        waiter->record->set_winner(waiter);
        return waiter;
      }
    }
    return nullptr;
  }

  // Those whose wait the caller wins, at most `max`. False: nobody is left.
  bool pop_winners(WakeList& won, int max = std::numeric_limits<int>::max()) noexcept {
    for (; max > 0; --max) {
      Waiter* waiter = pop_winner();
      if (waiter == nullptr) return false;
      won.add(*waiter);
    }
    return true;
  }

 private:
  IntrusiveList<Waiter> list_;
};

}  // namespace novelo::rt
