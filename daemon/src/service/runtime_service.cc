// What a cycle has freed is told from the counters before and after: others allocate meanwhile.
#include "service/runtime_service.h"

#include <absl/time/time.h>
#include <novelo/gc.h>

#include <chrono>
#include <cstdint>

#include "proto_time.h"
#include "rpc/message_method.h"

namespace novelo::daemon {

void add_runtime_service(Router& router) {
  add_unary<v1::CollectGarbageRequest>(router, "/novelo.v1.RuntimeService/CollectGarbage",
                                       [](const auto& request) { return collect_garbage(request); });
}

absl::StatusOr<v1::CollectGarbageResponse> collect_garbage(const v1::CollectGarbageRequest&) {
  const gc::Stats before = gc::stats();
  const auto begin = std::chrono::steady_clock::now();
  gc::collect();
  const auto elapsed = absl::FromChrono(std::chrono::steady_clock::now() - begin);
  const gc::Stats after = gc::stats();
  const std::uint64_t allocated_bytes = after.total_alloc_bytes - before.total_alloc_bytes;
  const std::uint64_t had_bytes = before.heap_bytes + allocated_bytes;
  v1::CollectGarbageResponse response;
  *response.mutable_elapsed() = to_proto(elapsed);
  response.set_cycles(static_cast<std::int64_t>(after.cycles));
  response.set_live_bytes(static_cast<std::int64_t>(after.heap_live_bytes));
  response.set_objects(static_cast<std::int64_t>(after.heap_objects));
  response.set_freed_objects(static_cast<std::int64_t>(after.freed_objects - before.freed_objects));
  // Each counter is exact, but they are read one after the other.
  response.set_freed_bytes(had_bytes > after.heap_bytes ? static_cast<std::int64_t>(had_bytes - after.heap_bytes) : 0);
  response.set_goal_bytes(static_cast<std::int64_t>(after.heap_goal_bytes));
  return response;
}

}  // namespace novelo::daemon
