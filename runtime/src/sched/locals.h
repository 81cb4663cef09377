// runtime/src/sched/locals.h
// The values of Local: a list that a goroutine shares with those it starts until one of them writes.
//
//   who        the goroutine that holds it; a holder alone in it may write
//   cost       a goroutine without values has a null pointer
//   tested     tests/conformance/local_test.cc
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/atomic.h"

namespace novelo::rt {

struct Locals {
  Atomic<std::int64_t> references{1};
  std::vector<std::pair<std::uint64_t, std::shared_ptr<const void>>> values;  // in the order of their keys
};

// One more holder of the same; `locals` may be nullptr.
Locals* share_locals(Locals* locals) noexcept;
// Runs destructors of user objects when it was the last holder.
void drop_locals(Locals* locals) noexcept;

}  // namespace novelo::rt
