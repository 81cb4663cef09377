// What an exception that nobody joins says before it ends the process, and what it says when the process may live.
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <stdexcept>

#include "novelo/novelo.h"

namespace novelo {
namespace {

RuntimeOptions options(UncaughtPolicy policy) {
  RuntimeOptions chosen;
  chosen.max_procs = 2;
  chosen.max_goroutines = 2000;
  chosen.uncaught = policy;
  return chosen;
}

class UncaughtDeathTest : public ::testing::Test {
 protected:
  UncaughtDeathTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(UncaughtDeathTest, AbortsWithTheIdAndWhat) {
  EXPECT_EXIT(Runtime(options(UncaughtPolicy::kAbort)).run([] {
    go([] { throw std::runtime_error("the yarn is cut"); });
    sleep(absl::Hours(1));
  }),
              ::testing::KilledBySignal(SIGABRT),
              "novelo: fatal: goroutine 2 ended by an uncaught exception: the yarn is cut");
}

TEST_F(UncaughtDeathTest, AbortsWithTheNameOfTheGoroutine) {
  EXPECT_EXIT(Runtime(options(UncaughtPolicy::kAbort)).run([] {
    go([] {
      set_goroutine_name("spinner");
      throw 7;
    });
    sleep(absl::Hours(1));
  }),
              ::testing::KilledBySignal(SIGABRT),
              "goroutine 2 \\(spinner\\) ended by an uncaught exception: an object that is not a std::exception");
}

TEST_F(UncaughtDeathTest, IsOneLineWithoutAHookAndTheProcessLives) {
  EXPECT_EXIT(
      {
        Runtime(options(UncaughtPolicy::kReport)).run([] {
          go([] { throw std::runtime_error("reported"); });
          while (num_goroutines() > 1) yield();
        });
        std::exit(3);
      },
      ::testing::ExitedWithCode(3), "novelo: goroutine 2 ended by an uncaught exception: reported");
}

TEST_F(UncaughtDeathTest, AHookThatThrowsEndsTheProcess) {
  EXPECT_EXIT(
      {
        RuntimeOptions chosen = options(UncaughtPolicy::kReport);
        chosen.on_uncaught = [](std::uint64_t, std::exception_ptr) { throw std::runtime_error("hook"); };
        Runtime(std::move(chosen)).run([] {
          go([] { throw std::runtime_error("first"); });
          sleep(absl::Hours(1));
        });
      },
      ::testing::KilledBySignal(SIGABRT), "on_uncaught threw an exception, for goroutine 2: first");
}

}  // namespace
}  // namespace novelo
