// The hooks, in an array that only grows.
#include "sched/collection.h"

#include <array>
#include <cstddef>

#include "base/atomic.h"
#include "base/check.h"
#include "os/clock.h"

namespace novelo::rt {
namespace {

constexpr std::size_t kHooksMax = 8;
constinit std::array<Atomic<CollectionHook>, kHooksMax> g_hooks{};
constinit Atomic<std::size_t> g_count{0};
constinit Atomic<CycleStart> g_start{nullptr};
constinit Atomic<std::int64_t> g_last_ns{0};

}  // namespace

void add_collection_hook(CollectionHook hook) noexcept {
  const std::size_t place = g_count.fetch_add(1, relaxed);
  NOVELO_CHECK(place < kHooksMax);
  g_hooks[place].store(hook, relaxed);
}

void tell_of_collection() noexcept {
  g_last_ns.store(steady_ns(), relaxed);
  for (const Atomic<CollectionHook>& hook : g_hooks) {
    if (const CollectionHook call = hook.load(relaxed)) call();
  }
}

std::int64_t last_collection_ns() noexcept {
  return g_last_ns.load(relaxed);
}

void set_cycle_start(CycleStart start) noexcept {
  g_start.store(start, release);  // [cycle-start]
}

void collection_is_due() noexcept {
  const CycleStart start = g_start.load(acquire);  // [cycle-start] the collector has been made
  if (start == nullptr || !start()) tell_of_collection();
}

}  // namespace novelo::rt
