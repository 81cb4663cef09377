// What a broken invariant says before it ends the process.
#include "base/check.h"

#include <gtest/gtest.h>

#include <csignal>
#include <string>

namespace novelo::rt {
namespace {

class CheckDeathTest : public ::testing::Test {
 protected:
  CheckDeathTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(CheckDeathTest, ABrokenInvariantNamesItsConditionFileAndLine) {
  const int length = 3;
  EXPECT_EXIT(NOVELO_CHECK(length == 4), ::testing::KilledBySignal(SIGABRT),
              "novelo: fatal: .*check_test.cc:[0-9]+: invariant broken: length == 4");
}

TEST_F(CheckDeathTest, AFatalMessageIsFormattedAndEndsItsLine) {
  EXPECT_EXIT(fatal("processor %d has %s", 7, "no machine"), ::testing::KilledBySignal(SIGABRT),
              "novelo: fatal: processor 7 has no machine\n");
}

TEST_F(CheckDeathTest, AMessageTooLongIsCutAndStillEndsItsLine) {
  const std::string longest(4000, 'x');
  EXPECT_EXIT(fatal("%s", longest.c_str()), ::testing::KilledBySignal(SIGABRT), "novelo: fatal: x+\n");
}

TEST(Check, AConditionThatHoldsIsEvaluatedOnce) {
  int evaluated = 0;
  NOVELO_CHECK(++evaluated == 1);
  EXPECT_EQ(evaluated, 1);
}

#if defined(NDEBUG)
TEST(Check, ADebugCheckIsNotEvaluatedInReleaseBuilds) {
  int evaluated = 0;
  NOVELO_DCHECK(++evaluated == 5);
  EXPECT_EQ(evaluated, 0);
}
#else
TEST_F(CheckDeathTest, ADebugCheckIsACheckInDebugBuilds) {
  EXPECT_EXIT(NOVELO_DCHECK(1 + 1 == 3), ::testing::KilledBySignal(SIGABRT), "invariant broken");
}
#endif

}  // namespace
}  // namespace novelo::rt
