// tests/support/explored.h
// What tests by novelo::testing::explore() share: the number of runs, choices that are part of a run, conditions that
// end it.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "novelo/testing.h"
#include "support/seed.h"

namespace novelo::testing {

// A small random number that is part of the explored choices: which of two equal cases a select takes.
inline int choose(int bound) {
  int chosen = 0;
  const auto ready = make_chan<Unit>();
  ready.close();
  for (int i = 1; i < bound; ++i) {
    if (select(on_recv(ready), on_recv(ready)) == 1) ++chosen;
  }
  return chosen;
}

inline void expect_no_failure(const std::function<void()>& body) {
  constexpr int kRuns = 1500;
  constexpr absl::Duration kAtMost = absl::Seconds(4);  // where they are slow: under an emulator
  const Exploration found =
      explore({.first_seed = seed(), .runs = kRuns, .at_most = kAtMost, .max_goroutines = 100}, body);
  EXPECT_FALSE(found.failure.has_value());
  EXPECT_GE(found.runs, 1);
}

inline void require(bool condition, const char* what) {
  if (!condition) throw RuntimeError(what);
}

// Joins all, those that were cancelled too.
inline void join_all(std::vector<JoinHandle<void>>& all) {
  for (auto& one : all) {
    try {
      one.join();
    } catch (const JoinCancelled&) {  // as asked for
    }
  }
}

}  // namespace novelo::testing
