// runtime/src/sched/wait_record.h
// Who ends a wait: its event, its deadline or its cancellation. Exactly one wins, by one compare-and-swap.
//
//   owner       the goroutine or foreign thread that waits; it alone makes tickets and arms
//   wakers      anybody who holds the ticket (event, deadline), or the canceller
//   progress    try_win() and try_cancel() never wait
//   invariants  a ticket is won at most once; a ticket of an earlier wait never wins; the winner, and nobody else,
//               calls wake(); the owner leaves every queue it stood in before the next wait
//   memory      records live as long as the runtime, so a late loser touches valid memory
//   checked by  tests/model/wait_record_test.cc (every interleaving), tests/unit/sched/wait_record_test.cc,
//   tests/stress/wait_record_test.cc
//
//   word        ticket << 3 | state
//   state       idle -> waiting or shielded -> event | deadline | cancel (-> the next ticket's idle)
#pragma once

#include <cstdint>

#include "base/atomic.h"
#include "os/barrier.h"

namespace novelo::rt {

struct Goroutine;

enum class WakeCause : std::uint8_t { kNone = 0, kEvent = 3, kDeadline = 4, kCancel = 5 };

// What a goroutine waits for: the names are those of metrics and dumps.
enum class WaitReason : std::uint8_t {
  kNone,
  kChanReceive,
  kChanSend,
  kSelect,
  kSleep,
  kMutex,
  kRwMutexRead,
  kRwMutexWrite,
  kCond,
  kWaitGroup,
  kOnce,
  kSemaphore,
  kJoin,
  kScope,
  kCollection,
  kForever,
  kBlocking,  // in blocking(): its thread may be blocked; the state stays running
  kCount,
};

const char* wait_reason_name(WaitReason reason) noexcept;

class WaitRecord {
 public:
  // `goroutine` is nullptr for the record of a foreign thread.
  explicit WaitRecord(Goroutine* goroutine) noexcept : goroutine_(goroutine) {}
  WaitRecord(const WaitRecord&) = delete;
  WaitRecord& operator=(const WaitRecord&) = delete;

  // The ticket of the owner's next wait, to be written into the queues before it arms.
  std::uint64_t next_ticket() const noexcept { return (word_.load(relaxed) >> kStateBits) + 1; }

  // Begins the wait: from here on the ticket can be won. On the scheduler's stack, before commit publishes the waiter.
  void arm(bool is_cancellable) noexcept {
    const std::uint64_t ticket = next_ticket();
    // Nobody else writes the word between two waits. [wait-won] release: who wins sees what the owner did before.
    word_.store(ticket << kStateBits | (is_cancellable ? kWaiting : kShielded), release);
    // [wait-cancel] with the canceller's heavy barrier: it sets its flag and then reads this word; the owner writes
    // this word and then reads the flag. Without the two both could miss each other and the goroutine would sleep on.
    light_barrier();
  }

  // True for exactly one caller a ticket.
  bool try_win(std::uint64_t ticket, WakeCause cause) noexcept {
    std::uint64_t word = word_.load(relaxed);
    const std::uint64_t state = word & kStateMask;
    if (word >> kStateBits != ticket || (state != kWaiting && state != kShielded)) return false;
    // [wait-won] acq_rel, with cause()'s acquire: the owner sees what the winner did before it won
    return word_.compare_exchange_strong(word, ticket << kStateBits | static_cast<std::uint64_t>(cause), acq_rel,
                                         relaxed);
  }

  // Wins the present wait, whichever it is, unless it is shielded. By a canceller that has set the goroutine's flag and
  // then called heavy_barrier().
  bool try_cancel() noexcept {
    std::uint64_t word = word_.load(acquire);  // [wait-won] with arm(); [wait-cancel] behind the heavy barrier
    while ((word & kStateMask) == kWaiting) {
      const std::uint64_t won = (word & ~kStateMask) | static_cast<std::uint64_t>(WakeCause::kCancel);
      // [wait-won] acq_rel, with cause()'s acquire
      if (word_.compare_exchange_weak(word, won, acq_rel, relaxed)) return true;
    }
    return false;
  }

  // How the last wait ended. kNone while it goes on.
  WakeCause cause() const noexcept {
    const std::uint64_t state = word_.load(acquire) & kStateMask;  // [wait-won] with try_win()
    return state < static_cast<std::uint64_t>(WakeCause::kEvent) ? WakeCause::kNone : static_cast<WakeCause>(state);
  }

  // For a dump: two equal snapshots that are is_waiting() say that the owner stood still between them. [wait-won]
  std::uint64_t snapshot() const noexcept { return word_.load(acquire); }
  static bool is_waiting(std::uint64_t snapshot) noexcept {
    return (snapshot & kStateMask) == kWaiting || (snapshot & kStateMask) == kShielded;
  }

  Goroutine* goroutine() const noexcept { return goroutine_; }

  // Which waiter of several was served; written by the winner before wake().
  void set_winner(void* waiter) noexcept { winner_ = waiter; }
  void* winner() const noexcept { return winner_; }

  // For a foreign thread: sleeps until woken; wakes the sleeper.
  void thread_sleep() noexcept;
  void thread_wake() noexcept;

 private:
  static constexpr int kStateBits = 3;
  static constexpr std::uint64_t kStateMask = 7;
  static constexpr std::uint64_t kWaiting = 1;
  static constexpr std::uint64_t kShielded = 2;

  Atomic<std::uint64_t> word_{0};
  Goroutine* const goroutine_;
  void* winner_ = nullptr;
  Atomic<std::uint32_t> thread_woken_{0};
};

}  // namespace novelo::rt
