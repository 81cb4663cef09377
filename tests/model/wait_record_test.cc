// Who ends a wait: its event, its deadline, or its cancellation.
#include "sched/wait_record.h"

#include "support/model/expect.h"

namespace novelo::rt {
namespace {

using model::expect_always;
using model::expect_found;
using model::Plain;
using model::Program;
using model::require;

struct State {
  WaitRecord record{nullptr};
  Atomic<std::uint32_t> attention{0};
  Plain<int> delivered;
  Atomic<int> wakes{0};

  void wake() { wakes.fetch_add(1, release); }
  void await_wake() {
    while (wakes.load(acquire) == 0) {
      model::wait_until([this] { return wakes.peek() != 0; });
    }
  }
};

// Property: exactly one of event, deadline and cancellation wins, and the owner, seeing how it was woken, sees what the
//           winner did before.
TEST(WaitRecordModel, OneWinsAndTheOwnerSeesWhatItDid) {
  expect_always(
      [](Program& p) {
        auto s = std::make_shared<State>();
        const std::uint64_t ticket = s->record.next_ticket();
        s->record.arm(true);
        p.thread([=] {
          s->delivered.write(1);
          if (s->record.try_win(ticket, WakeCause::kEvent)) s->wakes.fetch_add(1, relaxed);
        });
        p.thread([=] {
          if (s->record.try_win(ticket, WakeCause::kDeadline)) s->wakes.fetch_add(1, relaxed);
        });
        p.thread([=] {
          if (s->record.try_cancel()) s->wakes.fetch_add(1, relaxed);
        });
        p.thread([=] {
          while (s->record.cause() == WakeCause::kNone) {
            model::wait_until([=] { return s->wakes.peek() != 0; });
          }
          if (s->record.cause() == WakeCause::kEvent) require(s->delivered.read() == 1, "the event brought nothing");
        });
        p.at_end([=] { require(s->wakes.peek() == 1, "woken twice, or never"); });
      },
      {.preemptions = 2});
}

// The owner arms and looks at its flag; the canceller sets the flag and looks at the record.
void cancel_against_arm(Program& p, bool has_barrier) {
  auto s = std::make_shared<State>();
  p.thread([=] {
    const std::uint64_t ticket = s->record.next_ticket();
    s->record.arm(true);
    if (s->attention.load(relaxed) != 0 && s->record.try_win(ticket, WakeCause::kCancel)) s->wake();
  });
  p.thread([=] {
    s->attention.fetch_or(1, relaxed);
    if (has_barrier) heavy_barrier();
    if (s->record.try_cancel()) s->wake();
  });
  p.at_end([=] {
    require(s->wakes.peek() <= 1, "woken twice");
    require(s->wakes.peek() == 1, "both missed it");
  });
}

TEST(WaitRecordModel, ACancelIsSeenByTheOwnerOrTheCanceller) {
  expect_always([](Program& p) { cancel_against_arm(p, true); });
  expect_found("both missed it", [](Program& p) { cancel_against_arm(p, false); });
}

TEST(WaitRecordModel, ATicketOfAnEarlierWaitNeverWins) {
  expect_always(
      [](Program& p) {
        auto s = std::make_shared<State>();
        const std::uint64_t first = s->record.next_ticket();
        s->record.arm(false);
        p.thread([=] {
          require(s->record.try_win(first, WakeCause::kEvent), "nobody else could");
          s->wake();
        });
        p.thread([=] {
          s->await_wake();
          s->record.arm(false);  // the next wait
        });
        p.thread([=] { require(!s->record.try_win(first + 7, WakeCause::kDeadline), "a ticket that was never made"); });
        p.thread([=] {
          s->await_wake();
          require(!s->record.try_win(first, WakeCause::kDeadline), "won again");
        });
      },
      {.preemptions = 2});
}

TEST(WaitRecordModel, AShieldedWaitIsNotCancelled) {
  expect_always([](Program& p) {
    auto s = std::make_shared<State>();
    const std::uint64_t ticket = s->record.next_ticket();
    p.thread([=] { s->record.arm(false); });
    p.thread([=] { require(!s->record.try_cancel(), "cancelled under a shield"); });
    p.at_end([=] { require(s->record.try_win(ticket, WakeCause::kEvent), "lost its event"); });
  });
}

}  // namespace
}  // namespace novelo::rt
