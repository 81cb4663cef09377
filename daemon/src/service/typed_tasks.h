// daemon/src/service/typed_tasks.h
// Every registered task as a gRPC method of its own: /text.Tasks/WordCount.
//
//   messages  pass as bytes between the call and the task; only the task knows their types
//   draining  a call that comes while the node drains is UNAVAILABLE
//   tested    tests/unit/daemon/server_test.cc
#pragma once

#include <cstdint>

#include "rpc/transport.h"
#include "schema/schema.h"
#include "service/admission.h"

namespace novelo::daemon {

// Adds a method for each task of `schema`, which outlives the router, as does `admission`. A call may hold
// `heap_bytes_max` of the collected heap.
void add_typed_tasks(Router& router, const Schema& schema, Admission& admission, std::int64_t heap_bytes_max);

}  // namespace novelo::daemon
