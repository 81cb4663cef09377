// runtime/src/sched/goroutine.h
// The G record: one goroutine, from its start to its end, then the next one's.
//
//   who         see each field; "owner" is the goroutine itself while it runs, its machine's scheduler stack while it
//               is switched out, whoever holds it in a queue else
//   memory      made in slabs that live as long as the scheduler; reused, never freed, so that a late canceller or
//               waker touches valid memory (its ticket no longer wins)
//   tested      tests/unit/sched/goroutine_test.cc
//
//   states      dead -> runnable <-> running -> waiting -> runnable ...; running -> dead
#pragma once

#include <cstdint>
#include <string_view>
#include <typeinfo>

#include "arch/context.h"
#include "base/atomic.h"
#include "base/check.h"
#include "base/intrusive_list.h"
#include "novelo/start.h"
#include "sched/account.h"
#include "sched/wait_record.h"
#include "stack/stack.h"

namespace novelo::rt {

enum class GoroutineState : std::uint8_t { kDead, kRunnable, kRunning, kWaiting };

const char* goroutine_state_name(GoroutineState state) noexcept;

// Whether a goroutine may go from one state to the other.
constexpr bool is_legal_change(GoroutineState from, GoroutineState to) {
  using enum GoroutineState;
  switch (from) {
    case kDead:
      return to == kRunnable;
    case kRunnable:
      return to == kRunning;
    case kRunning:
      return to == kWaiting || to == kRunnable || to == kDead;
    case kWaiting:
      return to == kRunnable;
  }
  return false;
}

// What __cxa_get_globals() points to: the exceptions being handled and thrown. It belongs to the thread as far as the
// C++ library knows, and travels with the goroutine.
struct ExceptionState {
  void* caught = nullptr;
  unsigned int uncaught = 0;
};

// Reasons for a running goroutine to look up at its next runtime call.
inline constexpr std::uint32_t kAttentionPreempt = 1;    // its slice is over
inline constexpr std::uint32_t kAttentionCancel = 2;     // its scope was cancelled
inline constexpr std::uint32_t kAttentionExit = 4;       // it called goexit()
inline constexpr std::uint32_t kAttentionChoose = 8;     // deterministic mode: each call may let others go first
inline constexpr std::uint32_t kAttentionOverflow = 16;  // it has used up its stack
inline constexpr std::uint32_t kAttentionCollect = 32;   // the collector waits for its machine

inline constexpr std::size_t kPriorities = 3;

struct ColdStack;
struct Locals;
struct StackSegment;

struct Goroutine : ListLink {  // the link of its scope's list of members, under the scope's lock
  Goroutine() noexcept : wait(this) {}

  Context context;                     // valid while switched out
  Stack stack;                         // taken at the first run; owner, its fault handler included
  Goroutine* next = nullptr;           // in the one queue it is in: that queue's lock, or the injector's push
  Atomic<std::uint32_t> attention{0};  // set by sysmon and cancellers, read by the owner
  Atomic<GoroutineState> state{GoroutineState::kDead};  // changed by set_state() alone
  Atomic<Priority> priority{Priority::kNormal};         // changed by the owner; read by anybody
  bool is_member = false;             // in its scope's list: owner, and the canceller under the scope's lock
  Atomic<bool> is_system{false};      // the runtime's own: not counted as the user's
  bool is_overflow_told = false;      // StackOverflow was thrown since the reserve was opened; owner
  std::uint32_t shields = 0;          // no cancellation is delivered; owner
  std::uint32_t no_throws = 0;        // nothing at all is: it runs what may not throw; owner
  std::uint32_t thread_locks = 0;     // lock_os_thread() minus unlock_os_thread(); owner
  Machine* locked_machine = nullptr;  // with thread_locks: the only one that may run it
  ExceptionState exceptions;          // while switched out
  WaitRecord wait;
  ScopeCore* scope = nullptr;  // owner; lives while the goroutine is counted in it
  JoinCore* join = nullptr;    // owner; one reference
  Closure body;                // owner
  Locals* locals = nullptr;    // owner; one reference
  // Those of its scope, nullptr outside every meter; owner.
  const AccountChain* accounts = nullptr;
  std::uint64_t runnable_since_cycles = 0;  // with accounts

  // Written when it is made, read by dumps.
  Atomic<std::uint64_t> id{0};
  Atomic<std::uint64_t> creator_id{0};                   // 0: started from outside the runtime
  Atomic<const void*> created_at{nullptr};               // an address in the function that started it
  Atomic<const std::type_info*> entry{nullptr};          // the callable's type, if it is a class
  Atomic<const std::type_info*> creator_entry{nullptr};  // the creator's
  std::int64_t runnable_since_ns = 0;                    // 0 unless this wait for a processor is sampled
  Atomic<std::int64_t> waiting_since_ns{0};
  Atomic<WaitReason> wait_reason{WaitReason::kNone};
  Atomic<const void*> wait_object{nullptr};  // of its present wait: as wait() says
  static constexpr std::size_t kNameBytes = 48;
  struct Name {
    char text[kNameBytes];
  };
  Atomic<char> name_bytes[kNameBytes] = {};  // by the owner; read by dumps, byte by byte, always terminated

  // The number of the collector's look that has come to its stack, twice, and one more while it is there.
  Atomic<std::uint64_t> scan{0};
  std::int64_t held_back_ns = 0;             // since when it waits to be looked through before it runs
  std::int64_t shrunk_since_ns = 0;          // the wait in which its stack was shrunk; whoever is at its stack
  Atomic<const char*> blocking_sp{nullptr};  // in a BlockingSection: its frames lie above

  ColdStack* cold = nullptr;         // with stack.is_cold: what stands on it; whoever is at its stack
  StackNeed* stack_need = nullptr;   // of what it runs; from its first run on
  StackSegment* segments = nullptr;  // the stacks it left by grow_stack(), the last first; owner

  void set_name(std::string_view name) noexcept;
  Name name() const noexcept;  // async-signal-safe

  // The one place where states change.
  void set_state(GoroutineState to) noexcept {
    const GoroutineState from = state.load(relaxed);  // by whoever holds it
    if (!is_legal_change(from, to)) [[unlikely]]
      illegal_change(from, to);
    state.store(to, release);  // [gc-state] besides, it is published by the queue or the lock it goes through
  }
  [[noreturn]] void illegal_change(GoroutineState from, GoroutineState to) const noexcept;
};

}  // namespace novelo::rt
