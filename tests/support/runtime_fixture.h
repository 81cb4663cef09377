// tests/support/runtime_fixture.h
// Runs a body as the main goroutine of a Runtime, with 1, 2, 4 and 16 processors, and counts at the end what it left.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <thread>

#include "novelo/novelo.h"

namespace novelo::testing {

class RuntimeTest : public ::testing::TestWithParam<int> {
 protected:
  // Fails the test when goroutines, waiters or timers are left behind.
  void run(const std::function<void()>& body) { run_in(body, ForeignThreads::kNone); }

  // The same for a body in which foreign threads wake goroutines: without a poster that would be a deadlock.
  void run_with_foreign_threads(const std::function<void()>& body) { run_in(body, ForeignThreads::kSome); }

 private:
  enum class ForeignThreads { kNone, kSome };

  void run_in(const std::function<void()>& body, ForeignThreads foreign) {
    RuntimeOptions options;
    options.max_procs = GetParam();
    options.max_goroutines = 20'000;  // emulators are slow at reserving address space
    Runtime runtime(std::move(options));
    std::optional<Poster> poster;
    if (foreign == ForeignThreads::kSome) poster.emplace(runtime.poster());
    runtime.run(body);
    // Those of the outermost scope, which run() does not wait for, may be on their way to their end, and the collector
    // may sleep for a moment, more than once.
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    std::size_t goroutines = 0;
    std::uint64_t timers = 0;
    do {
      std::this_thread::yield();
      goroutines = num_goroutines();
      timers = runtime_stats().timers;
    } while (goroutines + timers > 0 && std::chrono::steady_clock::now() < patience);
    EXPECT_EQ(goroutines, 0u) << "goroutines left behind";
    EXPECT_EQ(timers, 0u) << "timers left armed";
  }
};

#define NOVELO_WITH_PROCS(fixture)                                         \
  INSTANTIATE_TEST_SUITE_P(Procs, fixture, ::testing::Values(1, 2, 4, 16), \
                           [](const auto& procs) { return "P" + std::to_string(procs.param); })

// Yields until the condition holds; the test's time limit bounds it.
inline void yield_until(const std::function<bool()>& condition) {
  while (!condition()) yield();
}

// Yields until `n` goroutines wait for something.
inline void yield_until_waiting(std::size_t n) {
  yield_until([n] { return runtime_stats().goroutines_waiting >= n; });
}

}  // namespace novelo::testing
