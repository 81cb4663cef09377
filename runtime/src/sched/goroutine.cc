// Names and legal changes of a goroutine record.
#include "sched/goroutine.h"

#include <algorithm>

namespace novelo::rt {

const char* goroutine_state_name(GoroutineState state) noexcept {
  switch (state) {
    case GoroutineState::kDead:
      return "dead";
    case GoroutineState::kRunnable:
      return "runnable";
    case GoroutineState::kRunning:
      return "running";
    case GoroutineState::kWaiting:
      return "waiting";
  }
  return "unknown";
}

void Goroutine::set_name(std::string_view name) noexcept {
  const std::size_t bytes = std::min(name.size(), kNameBytes - 1);
  for (std::size_t i = 0; i < bytes; ++i) name_bytes[i].store(name[i], relaxed);
  name_bytes[bytes].store('\0', relaxed);
}

Goroutine::Name Goroutine::name() const noexcept {
  Name copy = {};
  for (std::size_t i = 0; i + 1 < kNameBytes; ++i) {
    copy.text[i] = name_bytes[i].load(relaxed);
    if (copy.text[i] == '\0') break;
  }
  return copy;
}

void Goroutine::illegal_change(GoroutineState from, GoroutineState to) const noexcept {
  fatal("goroutine %llu goes from %s to %s", static_cast<unsigned long long>(id.load(relaxed)),
        goroutine_state_name(from), goroutine_state_name(to));
}

}  // namespace novelo::rt
