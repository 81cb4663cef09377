// daemon/src/service/runtime_service.h
// novelo.v1.RuntimeService: the runtime this node is made of.
//
//   tested  tests/unit/daemon/server_test.cc, tests/e2e/gc_test.py, tests/e2e/leaks_test.py
#pragma once

#include <absl/status/statusor.h>

#include <cstddef>

#include "leak_watch.h"
#include "novelo/v1/runtime.pb.h"
#include "rpc/transport.h"

namespace novelo::daemon {

// The watch outlives the router's calls.
void add_runtime_service(Router& router, const LeakWatch& leaks);

// Blocks the calling goroutine for a whole cycle. Leaves by Cancelled; the cycle then ends without it.
absl::StatusOr<v1::CollectGarbageResponse> collect_garbage(const v1::CollectGarbageRequest& request);
// So that an answer stays a few hundred kilobytes.
inline constexpr std::size_t kListedLeaksMax = 1000;
// The same for one or two cycles, with a search each.
absl::StatusOr<v1::FindLeaksResponse> find_leaks(const LeakWatch& leaks);

}  // namespace novelo::daemon
