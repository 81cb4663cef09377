#include "sched/goroutine.h"

namespace novelo::rt {

const char* goroutine_state_name(GoroutineState state) noexcept {
  switch (state) {
    case GoroutineState::kDead: return "dead";
    case GoroutineState::kRunnable: return "runnable";
    case GoroutineState::kRunning: return "running";
    case GoroutineState::kWaiting: return "waiting";
  }
  return "unknown";
}

void Goroutine::illegal_change(GoroutineState from, GoroutineState to) const noexcept {
  fatal("goroutine %llu goes from %s to %s", static_cast<unsigned long long>(id), goroutine_state_name(from),
        goroutine_state_name(to));
}

}  // namespace novelo::rt
