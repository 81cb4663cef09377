// runtime/src/sched/collection.h
// Who wants to be told of each collection: caches that keep things only for a while.
//
//   who        tell_of_collection(): the collector, on a goroutine of the runtime; while there is none, sysmon has it
//              done every kCollectionEveryNs
//   may        a hook allocates and runs destructors of user objects, which may park
//   tested     tests/unit/sync/pool_test.cc
#pragma once

#include <cstdint>

namespace novelo::rt {

inline constexpr std::int64_t kCollectionEveryNs = 120'000'000'000;

using CollectionHook = void (*)() noexcept;

// Once for each hook; kept for ever. From any thread.
void add_collection_hook(CollectionHook hook) noexcept;

void tell_of_collection() noexcept;

}  // namespace novelo::rt
