// What a call has left below is gone.
#include "base/clear_frames.h"

#include <gtest/gtest.h>

namespace novelo::rt {
namespace {

constexpr std::uint64_t kLeft = 0x1eaf'1eaf'1eaf'1eaf;
constexpr std::size_t kWords = 64;

// Where it was left.
[[gnu::noinline]] __attribute__((no_sanitize("address"))) std::uintptr_t leave_words() {
  volatile std::uint64_t words[kWords];
  for (volatile std::uint64_t& word : words) word = kLeft;
  const volatile void* volatile lowest = &words[0];
  return reinterpret_cast<std::uintptr_t>(lowest);
}

[[gnu::noinline]] __attribute__((no_sanitize("address"))) std::size_t count_left(std::uintptr_t from) {
  std::size_t left = 0;
  for (std::size_t i = 0; i < kWords; ++i) {
    std::uint64_t word = 0;
    const auto* at = reinterpret_cast<const std::uint64_t*>(from) + i;
#if defined(__x86_64__)
    asm volatile("movq %1, %0" : "=r"(word) : "m"(*at));
#else
    asm volatile("ldr %0, %1" : "=r"(word) : "m"(*at));
#endif
    left += word == kLeft ? 1 : 0;
  }
  return left;
}

TEST(ClearFrames, OverwritesWhatACallHasLeft) {
  const std::uintptr_t at = leave_words();
  ASSERT_GT(count_left(at), kWords / 2) << "the call left nothing to be cleared";
  const std::uintptr_t lowest = clear_frames_below();
  EXPECT_LE(lowest, at);
  EXPECT_EQ(count_left(at), 0u);
}

}  // namespace
}  // namespace novelo::rt
