// runtime/src/base/random.h
// A small seeded generator (xorshift64*): a few instructions, good enough for steal order and select.
//
//   who    its owner alone; not for secrets
//   tested tests/unit/base/random_test.cc
#pragma once

#include <cstdint>

namespace novelo::rt {

class Random {
 public:
  explicit constexpr Random(std::uint64_t seed) noexcept : state_(seed * 0x9E3779B97F4A7C15u | 1u) {}

  std::uint32_t next() noexcept {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return static_cast<std::uint32_t>((state_ * 0x2545F4914F6CDD1Du) >> 32);
  }

  // Uniform in [0, bound) up to a bias of bound / 2^32. Requires: bound > 0.
  std::uint32_t below(std::uint32_t bound) noexcept {
    return static_cast<std::uint32_t>((std::uint64_t{next()} * bound) >> 32);
  }

 private:
  std::uint64_t state_;
};

}  // namespace novelo::rt
