// runtime/src/os/barrier.h
// A store-then-load handshake between a path taken all the time and one taken hardly ever: the frequent side pays a
// compiler barrier, the rare side makes every running thread of the process execute a full fence (membarrier).
//
//   who    light_barrier(): any runtime call; heavy_barrier(): sysmon
//   cost   light: nothing where membarrier works, else a full fence; heavy: microseconds
//   tested tests/unit/os/barrier_test.cc
#pragma once

#include "base/atomic.h"

namespace novelo::rt {

// Set by barrier_init() before the first machine starts.
extern bool g_light_barrier_is_free;

// Registers the process for membarrier. Called when a Runtime starts, before it makes threads.
void barrier_init() noexcept;

inline void light_barrier() noexcept {
  compiler_fence();
  if (!g_light_barrier_is_free) [[unlikely]]
    full_fence();
}

void heavy_barrier() noexcept;

}  // namespace novelo::rt
