// runtime/src/sched/choices.h
// Deterministic mode: what the scheduler would leave to chance or to the clock is a choice drawn from a seed. There is
// one processor; time is virtual and moves only when no goroutine can run. The same seed makes the same program go the
// same way, and a recording of the choices repeats it without the seed.
//
//   who        the scheduler, select and the choice points, on the one machine that holds the processor
//   choices    which runnable goroutine is next; whether a runtime call lets others go first; which ready case select
//              takes; which of the timers due at one time fires first
//   tested     tests/conformance/deterministic_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/random.h"

namespace novelo::rt {

class Choices {
 public:
  // Makes the choices of `replay` first, then draws. Writes what it made to `record`, if that is not nullptr.
  Choices(std::uint64_t seed, std::vector<std::uint32_t> replay, std::vector<std::uint32_t>* record)
      : random_(seed), replay_(std::move(replay)), record_(record) {}

  // In [0, bound). A replayed choice that is out of bounds is taken modulo `bound`: the program is not the recorded
  // one.
  std::uint32_t below(std::uint32_t bound);

 private:
  Random random_;
  const std::vector<std::uint32_t> replay_;
  std::vector<std::uint32_t>* const record_;
  std::size_t made_ = 0;
};

}  // namespace novelo::rt
