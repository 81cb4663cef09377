// runtime/src/sched/collection.h
// Who wants to be told of each collection: caches that keep things only for a while.
//
//   who        tell_of_collection(): the collector after a cycle, on a goroutine of the runtime. Two minutes after the
//              last time, sysmon has such a goroutine call collection_is_due()
//   may        a hook allocates and runs destructors of user objects, which may park
//   tested     tests/unit/sync/pool_test.cc, tests/unit/sched/collection_test.cc
#pragma once

#include <cstdint>

namespace novelo::rt {

inline constexpr std::int64_t kCollectionEveryNs = 120'000'000'000;

using CollectionHook = void (*)() noexcept;

// Once for each hook; kept for ever. From any thread.
void add_collection_hook(CollectionHook hook) noexcept;

void tell_of_collection() noexcept;
std::int64_t last_collection_ns() noexcept;  // when they were told last: steady_ns()

// How the collector begins a cycle because of the time; false: it cannot. Set once there is a collector.
using CycleStart = bool (*)() noexcept;
void set_cycle_start(CycleStart start) noexcept;

// Begins a cycle, or else tells all as if there had been one.
void collection_is_due() noexcept;

}  // namespace novelo::rt
