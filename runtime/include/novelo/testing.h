// novelo/testing.h
// Running a body under many interleavings, each drawn from a seed and repeated by it: see RuntimeOptions::seed.
//
//   from   a thread that is not the runtime's, while no Runtime is alive
//   cost   a run makes and ends a Runtime, about a tenth of a millisecond
//   tested tests/conformance/deterministic_test.cc
//
//     const auto found = novelo::testing::explore({.runs = 1000}, [] { ... });
//     EXPECT_FALSE(found.failure.has_value()) << found.failure->text;
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "novelo/novelo.h"

namespace novelo::testing {

// What was chosen in a run. The choices alone repeat it; the seed does too as long as the program stays the same.
struct Recording {
  std::uint64_t seed = 0;
  std::vector<std::uint32_t> choices;
};

struct ExploreOptions {
  std::uint64_t first_seed = 1;
  int runs = 1000;
  // No run begins after that much real time.
  absl::Duration at_most = absl::InfiniteDuration();
  // Asked after each run, for checks that do not throw: with GoogleTest, ::testing::Test::HasFailure.
  std::function<bool()> has_failed;
  // Of each run: max_goroutines and the like. `seed`, `replay`, `record` and what tells of uncaught exceptions are set
  // here.
  std::size_t max_goroutines = 20'000;
};

struct Failure {
  Recording recording;
  std::string text;  // what happened, and the line that repeats it
};

struct Exploration {
  int runs = 0;
  std::optional<Failure> failure;  // the first; nothing runs after it
};

// Runs `body` as the main goroutine with one seed after the other. A run fails when the body throws, a goroutine ends
// by an exception that nobody joined, no goroutine can run any more, or `has_failed` says so. The failure is also
// printed to standard error. With $NOVELO_SEED set, that seed alone is run: the line that is printed says so.
Exploration explore(const ExploreOptions& options, const std::function<void()>& body);

// Runs `body` once more with the choices of a recording; returns what failed, if anything.
std::optional<Failure> replay(const Recording& recording, const std::function<void()>& body);

}  // namespace novelo::testing
