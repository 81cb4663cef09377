// runtime/src/gc/mutator.h
// What the collector keeps for each machine: the cells it allocates from, what its barrier has noted, and how far it
// has answered.
//
//   who        the machine, while it runs a goroutine or is about to; the collector while it does not, after it has
//              claimed the answer
//   invariants what is noted is marked before the handshake that ends marking is complete
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/atomic.h"
#include "gc/heap_samples.h"
#include "gc/marker.h"
#include "heap/collected_heap.h"
#include "heap/kept_object.h"
#include "obs/histogram.h"

namespace novelo::rt {

struct Machine;

// What holds up a goroutine, or a machine that is about to run one.
enum class Interruption : std::uint8_t { kHandshake, kScan, kAssist };
inline constexpr std::size_t kInterruptions = 3;

struct Mutator : KeptObject {
  Mutator(CollectedHeap& heap, MarkQueue& queue, std::uint64_t seed) noexcept
      : sample_points(seed), marker(heap, queue) {
    cells.generation = heap.generation();
  }

  CellRuns cells;
  // Of a run in which a sample falls: the cells from the sampled one on, kept out of the run until they are due.
  struct Withheld {
    std::uint64_t bits = 0;
    std::uint16_t kind = 0;
    std::uint64_t stands_for = 0;  // bytes
  };
  Withheld withheld;
  void rejoin() noexcept { cells.runs[withheld.kind].bits |= std::exchange(withheld.bits, 0); }
  SamplePoints sample_points;
  static constexpr std::size_t kNotedMax = 512;
  std::array<std::uintptr_t, kNotedMax> noted;
  std::size_t noted_size = 0;
  Marker marker;
  std::int64_t debt_bytes = 0;        // to be marked by it before it may allocate on
  Atomic<std::uint64_t> answered{0};  // the last handshake; kBusy with it while that is being answered
  static constexpr std::uint64_t kBusy = std::uint64_t{1} << 63;
  std::array<Histogram, kInterruptions> interruptions;
  void interrupted(Interruption what, std::int64_t ns) noexcept {
    interruptions[static_cast<std::size_t>(what)].add(ns);
  }
};

// That of the machine; made at its first use, kept for ever. From the machine, and from the collector.
Mutator& mutator_of(Machine& m) noexcept;

}  // namespace novelo::rt
