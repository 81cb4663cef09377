// The hooks, in an array that only grows.
#include "sched/collection.h"

#include <array>
#include <cstddef>

#include "base/atomic.h"
#include "base/check.h"

namespace novelo::rt {
namespace {

constexpr std::size_t kHooksMax = 8;
constinit std::array<Atomic<CollectionHook>, kHooksMax> g_hooks{};
constinit Atomic<std::size_t> g_count{0};

}  // namespace

void add_collection_hook(CollectionHook hook) noexcept {
  const std::size_t place = g_count.fetch_add(1, relaxed);
  NOVELO_CHECK(place < kHooksMax);
  g_hooks[place].store(hook, relaxed);
}

void tell_of_collection() noexcept {
  for (const Atomic<CollectionHook>& hook : g_hooks) {
    if (const CollectionHook call = hook.load(relaxed)) call();
  }
}

}  // namespace novelo::rt
