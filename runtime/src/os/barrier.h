// runtime/src/os/barrier.h
// A store-then-load handshake between a path taken all the time and one taken hardly ever: the frequent side pays a
// compiler barrier, the rare side makes every running thread of the process execute a full fence (membarrier).
//
//   who    light_barrier(): any runtime call; heavy_barrier(): sysmon, a canceller, a thread about to sleep on a Lock
//   cost   light: nothing where membarrier works, else a full fence; heavy: microseconds
//   tested tests/unit/os/barrier_test.cc
#pragma once

#include "base/atomic.h"

namespace novelo::rt {

// Set by barrier_init(), which is called before there are threads that could disagree about it.
extern bool g_light_barrier_is_free;

// Registers the process for membarrier. Called when the program is loaded; again it does nothing.
void barrier_init() noexcept;

#if defined(NOVELO_MODEL)
inline void light_barrier() noexcept {}
inline void heavy_barrier() noexcept {
  model::fence_everywhere();
}
#else
inline void light_barrier() noexcept {
  compiler_fence();
  if (!g_light_barrier_is_free) [[unlikely]]
    full_fence();
}

void heavy_barrier() noexcept;
#endif

}  // namespace novelo::rt
