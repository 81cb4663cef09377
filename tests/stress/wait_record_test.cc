// One owner that waits again and again, against wakers with old and new tickets and a canceller.
#include "sched/wait_record.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "support/seed.h"

namespace novelo::rt {
namespace {

// Property: each wait is won by exactly one, of all who try, and none that tries with an older ticket wins.
TEST(WaitRecordStress, EachWaitIsWonOnce) {
  WaitRecord record(nullptr);
  std::atomic<std::uint64_t> ticket{0};
  std::atomic<std::uint64_t> won{0};
  std::atomic<std::uint64_t> won_stale{0};
  std::atomic<bool> stop{false};
  std::vector<std::thread> others;
  for (const WakeCause cause : {WakeCause::kEvent, WakeCause::kDeadline}) {
    others.emplace_back([&, cause] {
      while (!stop.load()) {
        const std::uint64_t present = ticket.load();
        if (record.try_win(present, cause)) ++won;
        if (present > 0 && record.try_win(present - 1, cause)) ++won_stale;
      }
    });
  }
  others.emplace_back([&] {
    while (!stop.load()) {
      if (record.try_cancel()) ++won;
    }
  });
  std::uint64_t waits = 0;
  const testing::For running(std::chrono::milliseconds(800));
  while (running) {
    for (int i = 0; i < 100; ++i) {
      ticket.store(record.next_ticket());
      record.arm(true);
      ++waits;
      while (record.cause() == WakeCause::kNone) std::this_thread::yield();
    }
  }
  stop = true;
  for (std::thread& other : others) other.join();
  EXPECT_EQ(won.load(), waits);
  EXPECT_EQ(won_stale.load(), 0u);
}

}  // namespace
}  // namespace novelo::rt
