// What a scrape holds, and that labels come from the registry.
#include "export/metrics.h"

#include <gtest/gtest.h>
#include <novelo/novelo.h>

#include "store/memory_store.h"

namespace novelo::daemon {
namespace {

bool has_line(const std::string& scrape, const std::string& line) {
  return ("\n" + scrape).find("\n" + line + "\n") != std::string::npos;
}

TEST(Metrics, AMethodIsSeenBeforeItsFirstCall) {
  Router router;
  router.add("/a.B/C", [](Call&) { return absl::OkStatus(); });
  Metrics metrics;
  metrics.add_methods(router);
  MemoryStore store({});
  const std::string scrape = run([&] { return metrics.scrape(store); });
  EXPECT_TRUE(has_line(scrape, R"(novelo_rpc_started_total{method="/a.B/C"} 0)")) << scrape;
  EXPECT_TRUE(has_line(scrape, R"(novelo_admission_rejected_total{reason="max_calls"} 0)"));
}

TEST(Metrics, CallsAndJobsAreCountedByHowTheyEnded) {
  Metrics metrics;
  const Method method{"/a.B/C", nullptr};
  metrics.started(method);
  metrics.handled(method, absl::StatusCode::kNotFound, absl::Milliseconds(3));
  metrics.submitted("a.b");
  metrics.started("a.b", absl::Seconds(2));
  metrics.attempt_ended("a.b", absl::Seconds(2));
  metrics.finished("a.b", v1::JOB_STATE_CANCELLED);
  MemoryStore store({});
  v1::Job job;
  job.set_id("x");
  job.set_task("a.b");
  job.set_state(v1::JOB_STATE_RUNNING);
  ASSERT_TRUE(store.insert(job).ok());
  const std::string scrape = run([&] { return metrics.scrape(store); });
  EXPECT_TRUE(has_line(scrape, R"(novelo_rpc_handled_total{code="NOT_FOUND",method="/a.B/C"} 1)")) << scrape;
  EXPECT_TRUE(has_line(scrape, R"(novelo_rpc_handling_seconds_bucket{method="/a.B/C",le="0.005"} 1)"));
  EXPECT_TRUE(has_line(scrape, R"(novelo_rpc_handling_seconds_bucket{method="/a.B/C",le="0.0025"} 0)"));
  EXPECT_TRUE(has_line(scrape, R"(novelo_jobs_finished_total{outcome="cancelled",task="a.b"} 1)"));
  EXPECT_TRUE(has_line(scrape, R"(novelo_jobs{task="a.b",state="running"} 1)"));
  EXPECT_TRUE(has_line(scrape, R"(novelo_job_run_seconds_count{task="a.b"} 1)"));
}

TEST(Metrics, TheCollectorIsSeen) {
  struct Node {
    gc::Ptr<Node> next;
  };
  Metrics metrics;
  MemoryStore store({});
  const auto value = [](const std::string& scrape, const std::string& name) {
    const std::size_t at = scrape.find("\n" + name + " ");
    return at == std::string::npos ? -1.0 : std::stod(scrape.substr(at + name.size() + 2));
  };
  run([&] {
    const std::string before = metrics.scrape(store);
    constexpr int kObjects = 10'000;
    for (int i = 0; i < kObjects; ++i) gc::make<Node>();
    gc::collect();
    const std::string after = metrics.scrape(store);
    const auto grown = [&](const std::string& name) { return value(after, name) - value(before, name); };
    EXPECT_EQ(grown(R"(novelo_gc_cycles_total{cause="request"})"), 1) << after;
    EXPECT_GT(grown(R"(novelo_gc_cpu_seconds_total{phase="mark"})"), 0);
    EXPECT_GE(grown("novelo_gc_assist_seconds_total"), 0);
    EXPECT_GT(grown(R"(novelo_gc_pause_seconds_count{phase="handshake"})"), 0);
    EXPECT_GE(grown("novelo_heap_allocated_objects_total"), kObjects / 2) << "they are counted some KiB at a time";
    EXPECT_GT(grown("novelo_heap_allocated_bytes_total"), kObjects * sizeof(Node) / 2);
    EXPECT_GT(grown("novelo_heap_freed_objects_total"), kObjects / 2);
    EXPECT_GE(value(after, "novelo_heap_live_bytes"), 0);
    EXPECT_GT(value(after, "novelo_heap_goal_bytes"), value(after, "novelo_heap_live_bytes"));
  });
}

TEST(Metrics, ProcessFamiliesAreReal) {
  for (const prometheus::MetricFamily& family : process_metrics()) {
    EXPECT_GE(family.metric.at(0).gauge.value, 0) << family.name;
    if (family.name == "process_resident_memory_bytes") {
      EXPECT_GT(family.metric[0].gauge.value, 1 << 20);
    }
    if (family.name == "process_open_fds") {
      EXPECT_GE(family.metric[0].gauge.value, 3);
    }
  }
}

}  // namespace
}  // namespace novelo::daemon
