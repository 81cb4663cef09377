// A goroutine that uses up its stack and the reserve without any call of the runtime ends the process, with its id and
// name and not in silence.
#include <gtest/gtest.h>

#include <csignal>
#include <cstdint>
#include <cstring>
#include <stdexcept>

#include "novelo/novelo.h"

namespace novelo {
namespace {

// Uses more stack with each call; neither inlined nor turned into a loop.
[[gnu::noinline]] int use_up(int depth) {  // NOLINT(misc-no-recursion)
  volatile char frame[1024];
  frame[0] = static_cast<char>(depth);
  const int deeper = depth < 0 ? 0 : use_up(depth + 1);
  return deeper + frame[0];
}

// Writes to an address that no compiler can know to be wrong.
[[maybe_unused]] void fault_elsewhere() {
  volatile std::uintptr_t address = 16;
  *reinterpret_cast<volatile int*>(address) = 1;
}

RuntimeOptions options() {
  RuntimeOptions chosen;
  chosen.max_procs = 2;
  chosen.max_goroutines = 2000;
  chosen.max_stack_bytes = 1 << 20;
  return chosen;
}

class StackOverflowDeathTest : public ::testing::Test {
 protected:
  StackOverflowDeathTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(StackOverflowDeathTest, NamesTheGoroutineAndAborts) {
  EXPECT_EXIT(Runtime(options()).run([] {
    spawn([] {
      set_goroutine_name("deep diver");
      use_up(0);
    }).join();
  }),
              ::testing::KilledBySignal(SIGABRT),
              "novelo: fatal: stack overflow: goroutine 2 \\(deep diver\\) used up its stack");
}

TEST_F(StackOverflowDeathTest, OfTheMainGoroutineSaysItsNumberAndThatItIsMain) {
  EXPECT_EXIT(Runtime(options()).run([] { use_up(0); }), ::testing::KilledBySignal(SIGABRT),
              "stack overflow: goroutine 1 \\(main\\) used up its stack");
}

TEST_F(StackOverflowDeathTest, OfAGoroutineWithoutANameSaysItsNumber) {
  EXPECT_EXIT(Runtime(options()).run([] { spawn([] { use_up(0); }).join(); }), ::testing::KilledBySignal(SIGABRT),
              "stack overflow: goroutine 2 used up its stack");
}

[[gnu::noinline]] int use_up_without_throwing(int depth) noexcept {  // NOLINT(misc-no-recursion)
  volatile char frame[1024];
  frame[0] = static_cast<char>(depth);
  yield();
  return depth < 0 ? 0 : use_up_without_throwing(depth + 1) + frame[0];
}

TEST_F(StackOverflowDeathTest, InCodeThatMayNotThrowEndsTheProcessByTerminate) {
  EXPECT_EXIT(Runtime(options()).run([] { spawn([] { use_up_without_throwing(0); }).join(); }),
              ::testing::KilledBySignal(SIGABRT), "terminate called .*StackOverflow(.|\n)*used up its stack");
}

// Larger than the guard: without a probe of each page a frame could begin behind it, in another goroutine's stack.
[[gnu::noinline]] int use_up_in_leaps(int depth) {  // NOLINT(misc-no-recursion)
  volatile char frame[256 * 1024];
  frame[0] = static_cast<char>(depth);
  yield();
  return depth < 0 ? 0 : use_up_in_leaps(depth + 1) + frame[0];
}

TEST_F(StackOverflowDeathTest, AFrameLargerThanTheReserveDoesNotJumpOverTheGuard) {
  EXPECT_EXIT(Runtime(options()).run([] { spawn([] { use_up_in_leaps(0); }).join(); }),
              ::testing::KilledBySignal(SIGABRT),
              "stack overflow: goroutine 2 used up its stack of .* and the reserve");
}

TEST_F(StackOverflowDeathTest, OnAThreadThatIsBlockingIsRecognisedToo) {
  EXPECT_EXIT(Runtime(options()).run([] { blocking([] { return use_up(0); }); }), ::testing::KilledBySignal(SIGABRT),
              "stack overflow: goroutine 1 \\(main\\) used up its stack");
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
// With a sanitizer the fault goes on to its handler, which reports in words of its own and exits.
TEST_F(StackOverflowDeathTest, AFaultElsewhereIsNotTakenForAnOverflow) {
  EXPECT_EXIT(Runtime(options()).run([] { fault_elsewhere(); }), ::testing::KilledBySignal(SIGSEGV), "^$");
}
#endif

}  // namespace
}  // namespace novelo
