// daemon/src/free_memory.h
// Memory that was needed in a rush and is free again, given back to the system.
//
//   why     malloc keeps what threads free, in an arena a thread; after ten thousand jobs or one huge message that is
//           most of the process
//   from    a goroutine of its own, for as long as the daemon serves; looks each kFreeMemoryInterval
//   cost    a look reads /proc/self/statm; giving back takes milliseconds, in blocking()
//   tested  tests/e2e/jobs_test.py, tests/e2e/bad_input_test.py
#pragma once

#include <absl/time/time.h>

#include <cstdint>

namespace novelo::daemon {

inline constexpr absl::Duration kFreeMemoryInterval = absl::Seconds(5);
// By what the process has grown or shrunk when malloc is asked, and how many times then.
inline constexpr std::int64_t kFreeMemoryChangeBytes = std::int64_t{8} << 20;
inline constexpr int kFreeMemoryCalls = 3;

void return_free_memory_until_cancelled();

}  // namespace novelo::daemon
