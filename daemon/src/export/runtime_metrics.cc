// The counters of the scheduler and the collector as metric families, one snapshot a scrape.
#include <absl/strings/str_cat.h>
#include <novelo/gc.h>
#include <novelo/leaks.h>
#include <novelo/stats.h>

#include <utility>

#include "export/metrics.h"

namespace novelo::daemon {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

class Families {
 public:
  MetricFamily& add(const char* name, const char* help, MetricType type) {
    return families_.emplace_back(MetricFamily{name, help, type, {}});
  }

  void gauge(const char* name, const char* help, std::initializer_list<std::pair<Labels, std::uint64_t>> values) {
    MetricFamily& family = add(name, help, MetricType::Gauge);
    for (const auto& [labels, value] : values) gauge(family, labels, value);
  }

  static void gauge(MetricFamily& family, const Labels& labels, std::uint64_t value) {
    ClientMetric& metric = family.metric.emplace_back();
    metric.label = labels;
    metric.gauge.value = static_cast<double>(value);
  }

  void counter(const char* name, const char* help, std::uint64_t value) {
    counter(add(name, help, MetricType::Counter), {}, value);
  }

  static void counter(MetricFamily& family, const Labels& labels, std::uint64_t value) {
    seconds(family, labels, static_cast<double>(value));
  }
  static void seconds(MetricFamily& family, const Labels& labels, double value) {
    ClientMetric& metric = family.metric.emplace_back();
    metric.label = labels;
    metric.counter.value = value;
  }

  void histogram(const char* name, const char* help, const DurationHistogram& source) {
    histogram(add(name, help, MetricType::Histogram), {}, source);
  }

  static void histogram(MetricFamily& family, const Labels& labels, const DurationHistogram& source) {
    ClientMetric& metric = family.metric.emplace_back();
    metric.label = labels;
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < source.bounds_seconds.size() && i < source.counts.size(); ++i) {
      below += source.counts[i];
      metric.histogram.bucket.push_back({below, source.bounds_seconds[i]});
    }
    if (source.counts.size() > source.bounds_seconds.size()) below += source.counts.back();
    metric.histogram.sample_count = below;
    metric.histogram.sample_sum = source.sum_seconds;
  }

  std::vector<MetricFamily> take() { return std::move(families_); }

 private:
  std::vector<MetricFamily> families_;
};

void add_collector(Families& out) {
  const gc::Stats stats = gc::stats();
  MetricFamily& cycles = out.add("novelo_gc_cycles_total", "Cycles of the collector, by why.", MetricType::Counter);
  // Read one after the other: never below zero.
  const std::uint64_t asked =
      stats.cycles_requested + stats.cycles_for_leaks + stats.cycles_for_meters + stats.cycles_for_period;
  Families::counter(cycles, {{"cause", "heap"}}, stats.cycles > asked ? stats.cycles - asked : 0);
  Families::counter(cycles, {{"cause", "request"}}, stats.cycles_requested);
  Families::counter(cycles, {{"cause", "leaks"}}, stats.cycles_for_leaks);
  Families::counter(cycles, {{"cause", "meter"}}, stats.cycles_for_meters);
  Families::counter(cycles, {{"cause", "period"}}, stats.cycles_for_period);
  MetricFamily& pauses = out.add("novelo_gc_pause_seconds",
                                 "What the collector did on a thread that runs goroutines, each time: its handshakes, "
                                 "looks through stacks, marking for what is allocated.",
                                 MetricType::Histogram);
  Families::histogram(pauses, {{"phase", "handshake"}}, stats.handshake_pauses);
  Families::histogram(pauses, {{"phase", "scan"}}, stats.scan_pauses);
  Families::histogram(pauses, {{"phase", "assist"}}, stats.assist_pauses);
  MetricFamily& work =
      out.add("novelo_gc_cpu_seconds_total", "What the collector's own goroutine has worked.", MetricType::Counter);
  Families::seconds(work, {{"phase", "mark"}}, stats.mark_work_seconds);
  Families::seconds(work, {{"phase", "sweep"}}, stats.sweep_work_seconds);
  Families::seconds(work, {{"phase", "leaks"}}, stats.leak_work_seconds);
  MetricFamily& assist = out.add("novelo_gc_assist_seconds_total",
                                 "In which goroutines marked for what they allocated.", MetricType::Counter);
  Families::seconds(assist, {}, stats.assist_seconds);
  out.gauge("novelo_heap_live_bytes", "Collected objects that the last cycle found alive.",
            {{{}, stats.heap_live_bytes}});
  out.gauge("novelo_heap_goal_bytes", "Size of the collected heap at which the present or next cycle is to end.",
            {{{}, stats.heap_goal_bytes}});
  out.counter("novelo_heap_allocated_bytes_total", "Bytes of collected objects made.", stats.total_alloc_bytes);
  out.counter("novelo_heap_allocated_objects_total", "Collected objects made.", stats.total_alloc_objects);
  out.counter("novelo_heap_freed_objects_total", "Collected objects whose memory came back.", stats.freed_objects);
}

}  // namespace

std::vector<MetricFamily> runtime_metrics() {
  const RuntimeStats stats = runtime_stats();
  Families out;
  out.gauge("novelo_goroutines", "Goroutines alive, by state.",
            {{{{"state", "running"}}, stats.goroutines_running},
             {{{"state", "runnable"}}, stats.goroutines_runnable},
             {{{"state", "waiting"}}, stats.goroutines_waiting}});
  out.gauge("novelo_goroutines_leaked", "Goroutines that were found to wait for ever, and wait still.",
            {{{}, num_leaked()}});
  out.counter("novelo_goroutines_created_total", "Goroutines started.", stats.goroutines_created_total);

  MetricFamily& queues =
      out.add("novelo_sched_run_queue_length", "Goroutines that wait for a processor, by the queue they stand in.",
              MetricType::Gauge);
  for (std::size_t p = 0; p < stats.run_queue_length.size(); ++p) {
    Families::gauge(queues, {{"p", absl::StrCat(p)}}, stats.run_queue_length[p]);
  }
  Families::gauge(queues, {{"p", "global"}}, stats.global_queue_length);

  out.gauge("novelo_sched_procs", "Processors, by state.",
            {{{{"state", "running"}}, stats.procs_running}, {{{"state", "idle"}}, stats.procs_idle}});
  out.gauge("novelo_sched_threads", "Threads of the runtime: with a processor, asleep, or in a blocking call.",
            {{{{"state", "running"}}, stats.threads_running},
             {{{"state", "idle"}}, stats.threads_idle},
             {{{"state", "blocked"}}, stats.threads_blocked}});
  out.counter("novelo_sched_steals_total", "Batches of goroutines taken from another processor.", stats.steals_total);
  out.counter("novelo_sched_handoffs_total", "Processors passed on from blocked or overrunning threads.",
              stats.handoffs_total);
  out.counter("novelo_sched_preempts_total", "Goroutines asked to yield after their slice.", stats.preempts_total);
  MetricFamily& parks =
      out.add("novelo_sched_parks_total", "Times a goroutine waited, by what for.", MetricType::Counter);
  for (const auto& [reason, count] : stats.parks_total)
    Families::counter(parks, {{"reason", std::string(reason)}}, count);
  out.histogram("novelo_sched_latency_seconds", "Time from runnable to running, of one wait in 32.",
                stats.sched_latency);

  out.gauge("novelo_timers", "Timers armed.", {{{}, stats.timers}});
  out.histogram("novelo_timer_lateness_seconds", "How long after its time a timer fired.", stats.timer_lateness);
  out.gauge("novelo_heap_bytes",
            "Memory of the runtime's own objects and of collected ones: in use, free, and free with its memory given "
            "back to the system.",
            {{{{"class", "in_use"}}, stats.heap_in_use_bytes},
             {{{"class", "free"}}, stats.heap_free_bytes},
             {{{"class", "released"}}, stats.heap_released_bytes}});
  out.gauge("novelo_stack_bytes", "Address space of goroutine stacks: in use, and waiting for a goroutine.",
            {{{{"state", "in_use"}}, stats.stack_in_use_bytes}, {{{"state", "idle"}}, stats.stack_idle_bytes}});
  out.counter("novelo_stack_grown_total", "Times a goroutine's stack grew into the address space below it.",
              stats.stack_grown_total);
  out.counter("novelo_stack_overflows_total", "Goroutines that used up their stack.", stats.stack_overflows_total);
  out.counter("novelo_stack_released_bytes_total", "Address space of stacks whose memory was given back to the system.",
              stats.stack_released_bytes_total);
  out.gauge("novelo_stacks_compacted",
            "Goroutines that have waited for long, whose stack is kept without a page of memory.",
            {{{}, stats.stacks_compacted}});
  out.gauge("novelo_stacks_compacted_bytes", "What is kept of those.", {{{}, stats.stacks_compacted_bytes}});
  out.counter("novelo_stack_compacted_total", "Times a stack was kept so.", stats.stack_compacted_total);
  out.counter("novelo_stack_compacted_touched_total",
              "Times such a stack came back since another thread, or the kernel for one, touched it.",
              stats.stack_compacted_touched_total);
  add_collector(out);
  return out.take();
}

}  // namespace novelo::daemon
