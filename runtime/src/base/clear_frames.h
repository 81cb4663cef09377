// runtime/src/base/clear_frames.h
// Overwrites what calls before have left on the stack: whoever has the stack next does not refer to what they did.
//
//   who    threads and goroutines of the runtime whose frames hold addresses of others' memory, at their end
//   cost   a microsecond
//   tested tests/unit/base/clear_frames_test.cc
#pragma once

#include <cstddef>
#include <cstdint>

namespace novelo::rt {

inline constexpr std::size_t kClearedFrameBytes = std::size_t{16} << 10;

// Everything from about the caller's frame down to the address it returns.
[[gnu::noinline]] __attribute__((no_sanitize("address"))) inline std::uintptr_t clear_frames_below() noexcept {
  volatile std::uint64_t frames[kClearedFrameBytes / sizeof(std::uint64_t)];
  for (volatile std::uint64_t& word : frames) word = 0;
  const volatile void* volatile lowest = &frames[0];
  return reinterpret_cast<std::uintptr_t>(lowest);
}

}  // namespace novelo::rt
