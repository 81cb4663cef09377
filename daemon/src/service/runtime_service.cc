// What a cycle has freed is told from the counters before and after: others allocate meanwhile.
#include "service/runtime_service.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_split.h>
#include <absl/time/time.h>
#include <novelo/gc.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "proto_time.h"
#include "rpc/message_method.h"

namespace novelo::daemon {

void add_runtime_service(Router& router, const LeakWatch& leaks) {
  add_unary<v1::CollectGarbageRequest>(router, "/novelo.v1.RuntimeService/CollectGarbage",
                                       [](const auto& request) { return collect_garbage(request); });
  add_unary<v1::FindLeaksRequest>(router, "/novelo.v1.RuntimeService/FindLeaks",
                                  [&leaks](const auto&) { return find_leaks(leaks); });
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

absl::StatusOr<v1::FindLeaksResponse> find_leaks(const LeakWatch& leaks) {
  const auto begin = std::chrono::steady_clock::now();
  const std::vector<Leak> found = leaks.look();
  v1::FindLeaksResponse response;
  *response.mutable_elapsed() = to_proto(absl::FromChrono(std::chrono::steady_clock::now() - begin));
  response.set_total(static_cast<std::int64_t>(found.size()));
  const absl::Time now = absl::Now();
  for (const auto& [leak, owner] : std::span(found).first(std::min(found.size(), kListedLeaksMax))) {
    v1::LeakedGoroutine& one = *response.add_goroutines();
    one.set_id(static_cast<std::int64_t>(leak.goroutine.id));
    one.set_name(leak.goroutine.name);
    one.set_reason(std::string(leak.goroutine.reason));
    *one.mutable_wait_time() = to_proto(now - absl::Seconds(leak.goroutine.waiting_seconds));
    if (owner) {
      one.set_job_id(owner->id);
      one.set_task(owner->task);
    }
    for (const absl::string_view call : absl::StrSplit(leak.calls, '\n', absl::SkipWhitespace())) {
      one.add_calls(std::string(absl::StripAsciiWhitespace(call)));
    }
  }
  return response;
}

}  // namespace novelo::daemon
