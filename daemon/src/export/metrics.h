// daemon/src/export/metrics.h
// The daemon's own metrics: calls and jobs as they happen. Beside them a scrape holds those of the runtime and the
// process.
//
//   from    the observer calls from any thread or goroutine: an atomic increment each, behind a short lock for a label
//           set seen for the first time
//   labels  methods and tasks of the registry, gRPC codes, states: never what a caller sent
//   tested  tests/unit/daemon/metrics_test.cc
#pragma once

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <string>
#include <string_view>
#include <vector>

#include "job/jobs.h"
#include "rpc/grpcpp.h"
#include "rpc/transport.h"
#include "store/store.h"

namespace novelo::daemon {

class Metrics final : public CallObserver, public AdmissionObserver, public JobObserver {
 public:
  Metrics();

  // Makes the counters of each method, so that they are seen before the first call.
  void add_methods(const Router& router);

  void started(const Method& method) override;
  void handled(const Method& method, absl::StatusCode code, absl::Duration took) override;
  void rejected(std::string_view reason) override;
  void submitted(const std::string& task) override;
  void started(const std::string& task, absl::Duration queued) override;
  void attempt_ended(const std::string& task, absl::Duration ran) override;
  void finished(const std::string& task, v1::JobState outcome) override;

  // Everything, in Prometheus' text form. Requires: a live Runtime.
  std::string scrape(const Store& store) const;

 private:
  prometheus::Registry registry_;
  prometheus::Family<prometheus::Counter>& rpc_started_;
  prometheus::Family<prometheus::Counter>& rpc_handled_;
  prometheus::Family<prometheus::Histogram>& rpc_seconds_;
  prometheus::Family<prometheus::Counter>& rejected_;
  prometheus::Family<prometheus::Counter>& jobs_submitted_;
  prometheus::Family<prometheus::Counter>& jobs_finished_;
  prometheus::Family<prometheus::Histogram>& job_queue_;
  prometheus::Family<prometheus::Histogram>& job_run_;
};

// Families made anew for each scrape.
std::vector<prometheus::MetricFamily> runtime_metrics();
std::vector<prometheus::MetricFamily> process_metrics();
std::vector<prometheus::MetricFamily> job_metrics(const Store& store);

}  // namespace novelo::daemon
