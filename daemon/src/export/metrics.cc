// What happens to calls and jobs, in the registry of prometheus-cpp.
#include "export/metrics.h"

#include <absl/strings/ascii.h>
#include <prometheus/text_serializer.h>

#include <iterator>

#include "version.h"

namespace novelo::daemon {
namespace {

// From what an empty call takes to an hour.
const prometheus::Histogram::BucketBoundaries kCallBuckets = {
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300};
const prometheus::Histogram::BucketBoundaries kJobBuckets = {0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1,
                                                             5,     10,    30,   60,   300, 900, 3600};

std::string state_word(v1::JobState state) {
  return absl::AsciiStrToLower(v1::JobState_Name(state).substr(std::string_view("JOB_STATE_").size()));
}

std::string code_word(absl::StatusCode code) {
  return absl::StatusCodeToString(code);
}

}  // namespace

Metrics::Metrics()
    : rpc_started_(prometheus::BuildCounter()
                       .Name("novelo_rpc_started_total")
                       .Help("Calls that reached a method.")
                       .Register(registry_)),
      rpc_handled_(prometheus::BuildCounter()
                       .Name("novelo_rpc_handled_total")
                       .Help("Calls answered, by the code of the answer.")
                       .Register(registry_)),
      rpc_seconds_(prometheus::BuildHistogram()
                       .Name("novelo_rpc_handling_seconds")
                       .Help("Time from a call's arrival at its method to its answer.")
                       .Register(registry_)),
      rejected_(prometheus::BuildCounter()
                    .Name("novelo_admission_rejected_total")
                    .Help("Calls turned away before they reached a method.")
                    .Register(registry_)),
      jobs_submitted_(prometheus::BuildCounter()
                          .Name("novelo_jobs_submitted_total")
                          .Help("Jobs stored; a repeated request_id is not counted again.")
                          .Register(registry_)),
      jobs_finished_(prometheus::BuildCounter()
                         .Name("novelo_jobs_finished_total")
                         .Help("Jobs that ended, by how.")
                         .Register(registry_)),
      job_queue_(prometheus::BuildHistogram()
                     .Name("novelo_job_queue_seconds")
                     .Help("Time an attempt waited although it was allowed to run.")
                     .Register(registry_)),
      job_run_(prometheus::BuildHistogram()
                   .Name("novelo_job_run_seconds")
                   .Help("Time an attempt ran.")
                   .Register(registry_)) {
  for (const char* reason : {"max_calls", "max_goroutines", "unknown_method"}) rejected_.Add({{"reason", reason}});
  prometheus::BuildGauge()
      .Name("novelo_build_info")
      .Help("1, with what this build is as labels.")
      .Register(registry_)
      .Add({{"version", version()}, {"build", build_text()}})
      .Set(1);
}

void Metrics::add_methods(const Router& router) {
  for (const Method* method : router.methods()) rpc_started_.Add({{"method", method->path}});
}

void Metrics::started(const Method& method) {
  rpc_started_.Add({{"method", method.path}}).Increment();
}

void Metrics::handled(const Method& method, absl::StatusCode code, absl::Duration took) {
  rpc_handled_.Add({{"method", method.path}, {"code", code_word(code)}}).Increment();
  rpc_seconds_.Add({{"method", method.path}}, kCallBuckets).Observe(absl::ToDoubleSeconds(took));
}

void Metrics::rejected(std::string_view reason) {
  rejected_.Add({{"reason", std::string(reason)}}).Increment();
}

void Metrics::submitted(const std::string& task) {
  jobs_submitted_.Add({{"task", task}}).Increment();
}

void Metrics::started(const std::string& task, absl::Duration queued) {
  job_queue_.Add({{"task", task}}, kJobBuckets).Observe(absl::ToDoubleSeconds(queued));
}

void Metrics::attempt_ended(const std::string& task, absl::Duration ran) {
  job_run_.Add({{"task", task}}, kJobBuckets).Observe(absl::ToDoubleSeconds(ran));
}

void Metrics::finished(const std::string& task, v1::JobState outcome) {
  jobs_finished_.Add({{"task", task}, {"outcome", state_word(outcome)}}).Increment();
}

std::string Metrics::scrape(const Store& store) const {
  std::vector<prometheus::MetricFamily> families = registry_.Collect();
  for (auto more : {runtime_metrics(), process_metrics(), job_metrics(store)}) {
    families.insert(families.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  }
  return prometheus::TextSerializer().Serialize(families);
}

std::vector<prometheus::MetricFamily> job_metrics(const Store& store) {
  prometheus::MetricFamily jobs{
      "novelo_jobs", "Jobs the store knows, by task and state.", prometheus::MetricType::Gauge, {}};
  for (const auto& [key, count] : store.counts()) {
    prometheus::ClientMetric metric;
    metric.label = {{"task", key.first}, {"state", state_word(key.second)}};
    metric.gauge.value = static_cast<double>(count);
    jobs.metric.push_back(std::move(metric));
  }
  return {std::move(jobs)};
}

}  // namespace novelo::daemon
