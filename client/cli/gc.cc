// client/cli/gc.cc
// novelo gc: a cycle of the server's collector, now, and what it found.
#include <utility>

#include "absl/strings/str_cat.h"
#include "commands.h"
#include "rpc_status.h"
#include "session.h"
#include "wire_time.h"

namespace novelo::cli {
namespace {

View heap_page(const v1::CollectGarbageResponse& heap) {
  const absl::Duration elapsed = absl::Trunc(client::to_duration(heap.elapsed()), absl::Microseconds(1));
  return {KeyValues{{{"Took", absl::FormatDuration(elapsed)},
                     {"Alive", absl::StrCat(heap.live_bytes(), " bytes")},
                     {"Objects", absl::StrCat(heap.objects())},
                     {"Freed", absl::StrCat(heap.freed_bytes(), " bytes, ", heap.freed_objects(), " objects")},
                     {"Goal", absl::StrCat(heap.goal_bytes(), " bytes")},
                     {"Cycles", absl::StrCat(heap.cycles())}}}};
}

ExitCode run_gc(Session& session, const Arguments&) {
  if (absl::Status status = session.connect(); !status.ok()) return session.fail(status);
  const v1::CollectGarbageRequest request;
  v1::CollectGarbageResponse heap;
  const auto context = session.long_question();
  const grpc::Status status = session.runtime()->CollectGarbage(context.get(), request, &heap);
  if (!status.ok()) return session.fail(client::from_grpc(status));
  return session.show({.view = heap_page(heap), .messages = {&heap}});
}

}  // namespace

Noun gc_noun() {
  return {
      .name = "gc",
      .summary = "Collect garbage now",
      .verbs = {{.name = "",
                 .summary = "Runs a cycle of the server's collector and shows what is alive",
                 .examples = {"novelo gc", "novelo gc -o json"},
                 .notes = "Goroutines run on meanwhile. The collector comes by itself when the heap has grown: this\n"
                          "is for looking at what is kept, and for measurements.",
                 .run = run_gc}}};
}

}  // namespace novelo::cli
