// tests/support/seed.h
// The seed of tests with random steps: $NOVELO_SEED, else one that is always the same. Printed, so that a failure can
// be repeated.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>

namespace novelo::testing {

inline std::uint64_t seed() {
  const char* told = std::getenv("NOVELO_SEED");
  const std::uint64_t value = told == nullptr ? 20'251'125 : std::strtoull(told, nullptr, 10);
  std::cout << "NOVELO_SEED=" << value << '\n';
  ::testing::Test::RecordProperty("seed", std::to_string(value));
  return value;
}

// Bounds a stress test by the clock: true until `duration` has passed since it was made.
class For {
 public:
  explicit For(std::chrono::milliseconds duration) : end_(std::chrono::steady_clock::now() + duration) {}
  explicit operator bool() const { return std::chrono::steady_clock::now() < end_; }

 private:
  const std::chrono::steady_clock::time_point end_;
};

}  // namespace novelo::testing
