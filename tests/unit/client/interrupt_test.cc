// tests/unit/client/interrupt_test.cc
#include "interrupt.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "absl/synchronization/notification.h"
#include "exit_code.h"

namespace novelo::cli {
namespace {

constexpr int kInterruptedCode = static_cast<int>(ExitCode::kInterrupted);

// Sends Ctrl-C to this process and waits until it was taken in.
void press(const Interrupt& interrupt) {
  kill(getpid(), SIGINT);
  while (!interrupt.came()) usleep(100);
}

TEST(InterruptDeathTest, TheFirstRunsTheActionOfTheWait) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        Interrupt interrupt;
        absl::Notification ran;
        const Interrupt::Wait wait(interrupt, [&] { ran.Notify(); });
        kill(getpid(), SIGINT);
        ran.WaitForNotification();
        _exit(interrupt.came() ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "");
}

TEST(InterruptDeathTest, OneThatCameBeforeTheInnerWaitIsNotLost) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        Interrupt interrupt;
        const Interrupt::Wait outer(interrupt, [] {});
        press(interrupt);
        bool ran = false;
        const Interrupt::Wait inner(interrupt, [&] { ran = true; });
        _exit(ran ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "");
}

TEST(InterruptDeathTest, TheSecondLeavesAtOnce) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        Interrupt interrupt;
        const Interrupt::Wait wait(interrupt, [] {});
        press(interrupt);
        kill(getpid(), SIGINT);
        pause();
      },
      ::testing::ExitedWithCode(kInterruptedCode), "");
}

TEST(InterruptDeathTest, WithoutAWaitTheFirstLeavesAtOnce) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        Interrupt interrupt;
        {
          const Interrupt::Wait wait(interrupt, [] {});
        }
        kill(getpid(), SIGINT);
        pause();
      },
      ::testing::ExitedWithCode(kInterruptedCode), "");
}

TEST(Interrupt, EndsWithoutASignal) {
  Interrupt interrupt;
  EXPECT_FALSE(interrupt.came());
}

}  // namespace
}  // namespace novelo::cli
