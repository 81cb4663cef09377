// runtime/src/obs/histogram.h
// Counts of durations in buckets that double from 1 us to 4 s.
//
//   who        one writer at a time adds; anybody reads
//   cost       a bit scan and two stores
//   tested     tests/unit/obs/histogram_test.cc
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "base/atomic.h"

namespace novelo::rt {

class Histogram {
 public:
  static constexpr int kBounds = 23;  // bucket i holds durations up to bound_ns(i); the last one all above

  static constexpr std::int64_t bound_ns(int i) noexcept { return std::int64_t{1000} << i; }

  static constexpr int bucket(std::int64_t duration_ns) noexcept {
    if (duration_ns <= 1000) return 0;
    const auto i = static_cast<int>(std::bit_width(static_cast<std::uint64_t>(duration_ns - 1) / 1000));
    return i < kBounds ? i : kBounds;
  }

  void add(std::int64_t duration_ns) noexcept {
    count(counts_[static_cast<std::size_t>(bucket(duration_ns))], std::uint64_t{1});
    count(sum_ns_, duration_ns);
  }

  std::uint64_t count_of(int i) const noexcept { return counts_[static_cast<std::size_t>(i)].load(relaxed); }
  std::int64_t sum_ns() const noexcept { return sum_ns_.load(relaxed); }

 private:
  std::array<Atomic<std::uint64_t>, kBounds + 1> counts_{};
  Atomic<std::int64_t> sum_ns_{0};
};

}  // namespace novelo::rt
