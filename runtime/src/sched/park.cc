// park(): the goroutine writes what it wants into its machine and switches to the scheduler's stack; after_switch() in
// machine.cc arms the record and runs commit. A foreign thread arms its own record, runs commit, and sleeps on a futex.
#include "sched/park.h"

#include <exception>

#include "novelo/go.h"
#include "novelo/poll.h"
#include "sched/overflow.h"
#include "sched/safepoint.h"
#include "sched/scheduler.h"
#include "sched/scope.h"

namespace novelo::rt {

namespace {

// Records of foreign threads: kept for ever, since a late waker may still look at one, and reused by later threads.
class ForeignRecords {
 public:
  WaitRecord* take() noexcept {
    LockGuard guard(lock_);
    if (free_ == nullptr) return new Record;
    Record* record = free_;
    free_ = record->next_free;
    return record;
  }
  void give(WaitRecord* record) noexcept {
    LockGuard guard(lock_);
    auto* whole = static_cast<Record*>(record);
    whole->next_free = free_;
    free_ = whole;
  }

 private:
  struct Record : WaitRecord {
    Record() noexcept : WaitRecord(nullptr) {}
    Record* next_free = nullptr;
  };
  Lock<LockRank::kStackPool> lock_;
  Record* free_ = nullptr;
};

ForeignRecords& foreign_records() noexcept {
  static ForeignRecords& records = *new ForeignRecords;  // outlives every thread
  return records;
}

struct ThreadRecord {
  WaitRecord* record = foreign_records().take();
  ~ThreadRecord() { foreign_records().give(record); }
};

}  // namespace

WaitRecord& thread_wait_record() noexcept {
  thread_local ThreadRecord own;
  return *own.record;
}

void before_blocking_slow(Goroutine& g) {
  if ((g.attention.load(relaxed) & kAttentionCollect) != 0) {
    g.attention.fetch_and(~kAttentionCollect, relaxed);
    collector_poll();
  }
  if ((g.attention.load(relaxed) & kAttentionOverflow) != 0) deliver_overflow(g);
  if ((g.attention.load(relaxed) & kAttentionChoose) != 0) scheduler()->let_others_choose();
  if ((g.attention.load(relaxed) & kAttentionPreempt) != 0) yield();
  deliver(g);
}

// As before_blocking_slow(), but nobody is to be left here by a cancellation.
void poll_slow() {
  Goroutine* g = current_goroutine();
  if (g == nullptr) return;
  const std::uint32_t attention = g->attention.load(relaxed);
  // In a BlockingSection the collector answers for it, and there is no processor to give up.
  const bool is_in_blocking = g->blocking_sp.load(relaxed) != nullptr;
  if (!is_in_blocking && (attention & kAttentionCollect) != 0) {
    g->attention.fetch_and(~kAttentionCollect, relaxed);
    collector_poll();
  }
  if ((attention & kAttentionOverflow) != 0) deliver_overflow(*g);
  if (is_in_blocking) return;
  if ((attention & kAttentionChoose) != 0) scheduler()->let_others_choose();
  if ((attention & kAttentionPreempt) != 0) {
    g->attention.fetch_and(~kAttentionPreempt, relaxed);
    leave_for(SwitchReason::kYield);
  }
}

void deliver(Goroutine& g) {
  const std::uint32_t attention = g.attention.load(relaxed);
  if (!is_deliverable(g)) return;
  if ((attention & kAttentionExit) != 0) throw GoExit{};
  if ((attention & kAttentionCancel) != 0) throw_cancelled();
}

bool enter_scope_list() {
  Goroutine* g = current_goroutine();
  if (g == nullptr || g->is_member) return false;
  g->scope->enter(*g);
  before_blocking();
  return true;
}

WakeCause thread_wait(Commit commit, void* argument) noexcept {
  NOVELO_CHECK(current_machine() == nullptr);  // a scheduler's stack cannot wait
  WaitRecord& record = thread_wait_record();
  record.arm(false);
  commit(argument);
  record.thread_sleep();
  return record.cause();
}

void wake(WaitRecord& record) noexcept {
  if (Goroutine* g = record.goroutine()) {
    scheduler()->ready(g);
  } else {
    record.thread_wake();
  }
}

void throw_cancelled() {
  if (current_scope().cause() == CancelCause::kDeadline) throw DeadlineExceeded{};
  throw Cancelled{};
}

void wait_forever() {
  before_blocking();
  if (!is_findable()) enter_scope_list();
  for (;;) {
    if (wait(WaitReason::kForever, nullptr, [](void*) noexcept {}, nullptr) == WakeCause::kCancel) throw_cancelled();
  }
}

}  // namespace novelo::rt

namespace novelo {

using rt::Goroutine;

namespace {
Goroutine& require_goroutine(const char* call) {
  Goroutine* g = rt::current_goroutine();
  if (g == nullptr) throw RuntimeError(std::string(call) + " called outside a goroutine");
  return *g;
}
}  // namespace

void yield() {
  Goroutine& g = require_goroutine("yield()");
  if ((g.attention.load(rt::relaxed) & rt::kAttentionOverflow) != 0) [[unlikely]]
    rt::deliver_overflow(g);
  if ((g.attention.load(rt::relaxed) & rt::kAttentionPreempt) != 0) {
    g.attention.fetch_and(~rt::kAttentionPreempt, rt::relaxed);
  }
  rt::leave_for(rt::SwitchReason::kYield);
  if (!g.is_member) g.scope->enter(g);
  if ((g.attention.load(rt::relaxed) & (rt::kAttentionCancel | rt::kAttentionExit)) != 0) rt::deliver(g);
}

void goexit() {
  Goroutine& g = require_goroutine("goexit()");
  g.attention.fetch_or(rt::kAttentionExit, rt::relaxed);
  throw rt::GoExit{};
}

std::uint64_t goroutine_id() {
  Goroutine* g = rt::current_goroutine();
  return g == nullptr ? 0 : g->id.load(rt::relaxed);
}

std::size_t num_goroutines() {
  rt::Scheduler* scheduler = rt::scheduler();
  return scheduler == nullptr ? 0 : scheduler->num_goroutines();
}

void set_goroutine_name(std::string_view name) {
  require_goroutine("set_goroutine_name()").set_name(name);
}

}  // namespace novelo
