// daemon/src/service/reflection.h
// grpc.reflection.v1 and v1alpha: what every gRPC client needs to call what it has never seen.
//
//   source  the schema of the tasks, then the generated pool for the daemon's own services
//   scope   list_services, file_by_filename, file_containing_symbol; there are no extensions, so those are NOT_FOUND
//   tested  tests/unit/daemon/server_test.cc
#pragma once

#include "rpc/transport.h"
#include "schema/schema.h"

namespace novelo::daemon {

// Adds both versions; lists every service the router has by then, and itself. `schema` outlives the router.
void add_reflection(Router& router, const Schema& schema);

}  // namespace novelo::daemon
