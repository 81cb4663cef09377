// The lock of the thread: exclusion, and the order of ranks.
#include "base/lock.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace novelo::rt {
namespace {

TEST(Lock, IncrementsUnderItAreNeverLost) {
  Lock<LockRank::kChannel> lock;
  long counter = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50'000; ++i) {
        LockGuard guard(lock);
        ++counter;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counter, 200'000);
}

#if defined(NOVELO_CHECK_LOCK_RANKS)
TEST(LockDeathTest, TakingALowerRankEndsTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  Lock<LockRank::kGlobalQueue> high;
  Lock<LockRank::kScope> low;
  EXPECT_DEATH(
      {
        LockGuard first(high);
        LockGuard second(low);
      },
      "lock of rank");
}
#endif

}  // namespace
}  // namespace novelo::rt
