// What is looked through is what the program may have put something in, and nothing of the runtime's own.
#include "gc/program_memory.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <thread>

#include "os/vm.h"

namespace novelo::rt {
namespace {

// Words are named by their complement, so that the search does not find its own question.
constexpr std::uintptr_t kHidden = 0x5ca1'ab1e'0ddb'a110;

std::uintptr_t global_word = 0;
thread_local std::uintptr_t thread_word = 0;

int times_found(std::uintptr_t complement) {
  int times = 0;
  const bool was_read = look_through_program_memory([&](const void* from, const void* to) {
    for (const auto* at = static_cast<const std::uintptr_t*>(from); at < to; ++at) times += ~*at == complement ? 1 : 0;
  });
  EXPECT_TRUE(was_read);
  return times;
}

void put(std::uintptr_t* where, std::uintptr_t complement) {
  *static_cast<volatile std::uintptr_t*>(where) = ~complement;
}

TEST(ProgramMemory, HoldsWhatMallocGave) {
  const auto memory = std::make_unique<std::uintptr_t[]>(1000);
  put(&memory[777], kHidden + 1);
  EXPECT_GE(times_found(kHidden + 1), 1);
  const auto large = std::make_unique<std::uintptr_t[]>(10'000'000);
  put(&large[9'999'999], kHidden + 2);
  EXPECT_GE(times_found(kHidden + 2), 1);
}

TEST(ProgramMemory, HoldsVariables) {
  put(&global_word, kHidden + 3);
  put(&thread_word, kHidden + 4);
  EXPECT_GE(times_found(kHidden + 3), 1);
  EXPECT_GE(times_found(kHidden + 4), 1);
  put(&global_word, 0);
  put(&thread_word, 0);
}

TEST(ProgramMemory, HoldsTheStacksOfThreads) {
  std::uintptr_t local = 0;
  put(&local, kHidden + 5);
  int times = 0;
  std::thread([&times] { times = times_found(kHidden + 5); }).join();
  EXPECT_GE(times, 1);
}

#if !defined(__SANITIZE_THREAD__)  // it keeps copies of its own
TEST(ProgramMemory, DoesNotHoldWhatIsSetApart) {
  constexpr std::size_t kBytes = 1 << 20;
  auto* reserved = static_cast<std::uintptr_t*>(vm_reserve(kBytes));
  ASSERT_NE(reserved, nullptr);
  ASSERT_TRUE(vm_make_usable(reserved, kBytes));
  put(&reserved[12'345], kHidden + 6);
  EXPECT_EQ(times_found(kHidden + 6), 0);
  vm_release(reserved, kBytes);

  const auto words = std::make_unique<std::uintptr_t[]>(3000);
  put(&words[1499], kHidden + 7);
  put(&words[1500], kHidden + 8);
  put(&words[1501], kHidden + 9);
  {
    const VmSetApart apart(&words[1500], sizeof words[0]);
    EXPECT_GE(times_found(kHidden + 7), 1);
    EXPECT_EQ(times_found(kHidden + 8), 0);
    EXPECT_GE(times_found(kHidden + 9), 1);
  }
  EXPECT_GE(times_found(kHidden + 8), 1);
}
#endif

}  // namespace
}  // namespace novelo::rt
