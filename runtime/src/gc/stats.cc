// Sums over machines for gc::stats().
#include <array>

#include "gc/cycle.h"
#include "novelo/gc.h"
#include "obs/duration_histogram.h"
#include "sched/scheduler.h"

namespace novelo::gc {

Stats stats() {
  rt::Scheduler& scheduler = rt::require_scheduler();
  rt::Collector& collector = rt::Collector::get();
  const rt::Pacer& pacer = collector.pacer();
  Stats s;
  s.cycles = collector.cycles();
  s.cycles_requested = collector.cycles(rt::CollectionCause::kRequest);
  s.cycles_for_leaks = collector.cycles(rt::CollectionCause::kLeaks);
  s.cycles_for_period = collector.cycles(rt::CollectionCause::kPeriod);
  s.cycles_for_meters = collector.cycles(rt::CollectionCause::kMeter);
  using Work = rt::Collector::Work;
  s.mark_work_seconds = static_cast<double>(collector.work_ns(Work::kMark)) * 1e-9;
  s.sweep_work_seconds = static_cast<double>(collector.work_ns(Work::kSweep)) * 1e-9;
  s.leak_work_seconds = static_cast<double>(collector.work_ns(Work::kLeaks)) * 1e-9;
  s.mark_seconds = static_cast<double>(collector.mark_ns()) * 1e-9;
  s.sweep_seconds = static_cast<double>(collector.sweep_ns()) * 1e-9;
  s.assist_seconds = static_cast<double>(collector.assist_ns()) * 1e-9;
  s.heap_live_bytes = pacer.live_bytes();
  s.heap_bytes = pacer.heap_bytes();
  s.heap_goal_bytes = pacer.goal_bytes();
  s.total_alloc_bytes = pacer.total_bytes();
  s.total_alloc_objects = pacer.total_cells();
  s.freed_objects = collector.heap().freed_cells();
  s.heap_objects = s.total_alloc_objects > s.freed_objects ? s.total_alloc_objects - s.freed_objects : 0;
  s.pauses = rt::empty_histogram();
  const std::array<DurationHistogram*, rt::kInterruptions> parts = {&s.handshake_pauses, &s.scan_pauses,
                                                                    &s.assist_pauses};
  for (DurationHistogram* part : parts) *part = rt::empty_histogram();
  for (const rt::Machine* m : scheduler.machines()) {
    const rt::Mutator* mutator = m->mutator.load(rt::acquire);  // [gc-mutator]
    for (std::size_t i = 0; mutator != nullptr && i < parts.size(); ++i) {
      rt::add_to(*parts[i], mutator->interruptions[i]);
      rt::add_to(s.pauses, mutator->interruptions[i]);
    }
  }
  return s;
}

}  // namespace novelo::gc
