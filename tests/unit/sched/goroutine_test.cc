// The states of a goroutine: which changes are legal, and that any other ends the process.
#include "sched/goroutine.h"

#include <gtest/gtest.h>

#include <csignal>

namespace novelo::rt {
namespace {

using enum GoroutineState;

TEST(GoroutineStates, OneLifeWithAWaitIsLegal) {
  Goroutine g;
  for (const GoroutineState state : {kRunnable, kRunning, kWaiting, kRunnable, kRunning, kRunnable, kRunning, kDead}) {
    g.set_state(state);
    EXPECT_EQ(g.state.load(relaxed), state);
  }
}

TEST(GoroutineStates, ExactlySixChangesAreLegal) {
  constexpr GoroutineState kAll[] = {kDead, kRunnable, kRunning, kWaiting};
  int legal = 0;
  for (const GoroutineState from : kAll) {
    for (const GoroutineState to : kAll) legal += is_legal_change(from, to) ? 1 : 0;
  }
  EXPECT_EQ(legal, 6);
  EXPECT_FALSE(is_legal_change(kWaiting, kRunning)) << "only through a queue";
  EXPECT_FALSE(is_legal_change(kRunnable, kDead));
  EXPECT_FALSE(is_legal_change(kDead, kRunning));
}

TEST(GoroutineStatesDeathTest, AnIllegalChangeEndsTheProcessAndNamesBothStates) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  Goroutine g;
  g.id = 17;
  g.set_state(kRunnable);
  EXPECT_EXIT(g.set_state(kWaiting), ::testing::KilledBySignal(SIGABRT), "goroutine 17 goes from runnable to waiting");
}

TEST(GoroutineStates, EachHasAName) {
  EXPECT_STREQ(goroutine_state_name(kDead), "dead");
  EXPECT_STREQ(goroutine_state_name(kRunnable), "runnable");
  EXPECT_STREQ(goroutine_state_name(kRunning), "running");
  EXPECT_STREQ(goroutine_state_name(kWaiting), "waiting");
}

}  // namespace
}  // namespace novelo::rt
