// runtime/src/obs/duration_histogram.h
// From the runtime's own histograms to the public ones.
#pragma once

#include "novelo/stats.h"
#include "obs/histogram.h"

namespace novelo::rt {

inline DurationHistogram empty_histogram() {
  DurationHistogram sum;
  for (int i = 0; i < Histogram::kBounds; ++i) {
    sum.bounds_seconds.push_back(static_cast<double>(Histogram::bound_ns(i)) * 1e-9);
  }
  sum.counts.assign(Histogram::kBounds + 1, 0);
  return sum;
}

inline void add_to(DurationHistogram& sum, const Histogram& one) {
  for (int i = 0; i <= Histogram::kBounds; ++i) sum.counts[static_cast<std::size_t>(i)] += one.count_of(i);
  sum.sum_seconds += static_cast<double>(one.sum_ns()) * 1e-9;
}

}  // namespace novelo::rt
