// The parts are made in one order, told to stop in one order, and destroyed on the main goroutine after all others.
#include "server.h"

#include <absl/cleanup/cleanup.h>
#include <absl/strings/str_cat.h>
#include <novelo/novelo.h>
#include <novelo/stats.h>
#include <unistd.h>

#include <cstdio>
#include <optional>
#include <utility>

#include "export/http_server.h"
#include "export/log.h"
#include "export/metrics.h"
#include "export/sd_notify.h"
#include "free_memory.h"
#include "job/jobs.h"
#include "leak_watch.h"
#include "proto_time.h"
#include "rpc/grpcpp.h"
#include "schema/json.h"
#include "schema/schema.h"
#include "service/admission.h"
#include "service/health.h"
#include "service/job_service.h"
#include "service/node_service.h"
#include "service/reflection.h"
#include "service/runtime_service.h"
#include "service/task_service.h"
#include "service/typed_tasks.h"
#include "store/memory_store.h"
#include "version.h"

namespace novelo::daemon {
namespace {

// Calls that only tell of work, once that has ended: how long they may take to say so.
constexpr absl::Duration kLastWords = absl::Seconds(1);

void print_goroutines() {
  std::fputs(absl::StrCat(num_goroutines(), " goroutines\n", dump_goroutines()).c_str(), stderr);
}

// Says that the processors make progress, as often as the manager wants to hear it.
void tell_alive_until_cancelled() {
  while (true) {
    tell_alive();
    sleep(watchdog_interval() / 2);
  }
}

}  // namespace

// Everything between the sockets, in the order it is made.
struct Server::Parts {
  explicit Parts(const Config& config, std::unique_ptr<const Schema> made, std::function<v1::Node()> describe)
      : schema(std::move(made)),
        json(schema->pool()),
        store({.max_retained = config.job_max_retained, .max_stored_bytes = config.job_max_stored_bytes}),
        jobs({.node_name = config.node_name,
              .max_running = config.job_max_running,
              .max_queued = config.job_max_queued,
              .max_result_bytes = config.job_max_result_bytes,
              .max_heap_bytes = config.task_max_heap_bytes,
              .result_ttl = config.job_result_ttl},
             store, *schema, admission, &metrics),
        leaks({.interval = config.runtime_leak_check_interval, .cancels_jobs = config.job_cancel_leaked}, jobs),
        task_service(*schema),
        job_service(jobs, *schema, json),
        node_service(config.node_name, std::move(describe)) {
    add_typed_tasks(router, *schema, admission, config.task_max_heap_bytes);
    task_service.add_to(router);
    job_service.add_to(router);
    node_service.add_to(router);
    add_runtime_service(router, leaks);
    health.add_to(router);
    add_reflection(router, *schema);
    metrics.add_methods(router);
  }

  std::unique_ptr<const Schema> schema;
  JsonCodec json;
  Metrics metrics;
  MemoryStore store;
  Admission admission;
  Jobs jobs;
  LeakWatch leaks;
  TaskService task_service;
  JobService job_service;
  NodeService node_service;
  HealthService health;
  Router router;
  std::unique_ptr<HttpServer> http;
  std::unique_ptr<GrpcServer> grpc;
  std::string http_address;
};

Server::Server(ServerOptions options, const Poster& poster)
    : options_(std::move(options)), poster_(poster), start_time_(absl::Now()) {}

Server::~Server() = default;

const std::string& Server::grpc_address() const {
  return parts_->grpc->address();
}
const std::string& Server::http_address() const {
  return parts_->http_address;
}

void Server::stop() {
  signals_.stop();
}

ExitCode Server::run() {
  if (const absl::Status status = start(); !status.ok()) {
    log(LogLevel::kError, std::string(status.message()));
    return failure_;
  }
  serve();
  return ExitCode::kDone;
}

absl::Status Server::start() {
  failure_ = ExitCode::kRegistry;
  if (const std::vector<std::string> errors = registration_errors(); !errors.empty()) {
    return absl::FailedPreconditionError(absl::StrCat("a task cannot be served: ", errors.front()));
  }
  const std::vector<const Task*> all = tasks();
  absl::StatusOr<std::unique_ptr<const Schema>> schema = Schema::make(all);
  if (!schema.ok()) return schema.status();
  const Config& config = options_.config;
  parts_ = std::make_unique<Parts>(config, *std::move(schema), [this] { return describe(); });

  failure_ = ExitCode::kListen;
  if (!config.http_listen.empty()) {
    HttpServer::Pages pages;
    pages["/metrics"] = [this] {
      return HttpPage{200, "text/plain; version=0.0.4; charset=utf-8", parts_->metrics.scrape(parts_->store)};
    };
    pages["/healthz"] = [] { return HttpPage{.body = "ok\n"}; };
    pages["/readyz"] = [this] {
      const v1::NodeState state = state_.load(std::memory_order_relaxed);
      return HttpPage{.status = state == v1::NODE_STATE_READY ? 200 : 503,
                      .body = absl::StrCat(v1::NodeState_Name(state), "\n")};
    };
    absl::StatusOr<std::unique_ptr<HttpServer>> http =
        blocking([&] { return HttpServer::start(config.http_listen, std::move(pages)); });
    if (!http.ok()) return http.status();
    parts_->http = *std::move(http);
    parts_->http_address = parts_->http->address();
  }
  const GrpcOptions grpc_options = {config.grpc_listen, config.grpc_max_message_bytes, config.grpc_max_calls,
                                    config.grpc_max_buffered_bytes};
  absl::StatusOr<std::unique_ptr<GrpcServer>> grpc = blocking(
      [&] { return GrpcServer::start(grpc_options, parts_->router, poster_, &parts_->metrics, &parts_->metrics); });
  if (!grpc.ok()) return grpc.status();
  parts_->grpc = *std::move(grpc);
  return absl::OkStatus();
}

void Server::serve() {
  Parts& parts = *parts_;
  set_priority(Priority::kLatency);  // and with it what is started here; see run_task.h
  Scope background;
  parts.jobs.start(background);
  background.go(return_free_memory_until_cancelled);
  background.go([&parts] { parts.leaks.watch_until_cancelled(); });
  const Chan<Unit> is_ready = make_chan<Unit>();
  if (watchdog_interval() != absl::InfiniteDuration()) {
    background.go([is_ready] {
      is_ready.recv();  // the manager is not told of life before it knows of the birth
      tell_alive_until_cancelled();
    });
  }
  // Made now, so that a node whose tasks use up all goroutines can still be told to stop.
  const Chan<Order> orders = make_chan<Order>();
  const Chan<absl::Time> calls_end = make_chan<absl::Time>(1);
  const Chan<Unit> ended = make_chan<Unit>();
  const absl::Cleanup no_more_orders = [this] { signals_.quit(); };
  background.go([this, orders] {
    for (Order order; (order = blocking([this] { return signals_.next(); })) != Order::kQuit;) orders.send(order);
  });
  background.go([&parts, calls_end, ended] {
    const absl::Time end = *calls_end.recv();
    blocking([&] { parts.grpc->stop(end); });
    parts.jobs.idle().recv();
    ended.close();
  });

  parts.health.set_serving(true);
  set_state(v1::NODE_STATE_READY);
  const std::string where =
      absl::StrCat("gRPC on ", grpc_address(), ", HTTP on ", http_address().empty() ? "nothing" : http_address());
  log(LogLevel::kInfo, "ready",
      {{"version", version()},
       {"grpc", grpc_address()},
       {"http", http_address()},
       {"tasks", absl::StrCat(parts.schema->tasks().size())},
       {"procs", absl::StrCat(max_procs())}});
  for (const SystemFeature& feature : system_features()) {
    if (!feature.is_fallback) continue;
    log(LogLevel::kInfo, "the system lacks something",
        {{"feature", std::string(feature.name)}, {"in_use", feature.in_use}, {"note", feature.note}});
  }
  tell_ready(where);
  is_ready.close();
  if (options_.on_ready) options_.on_ready();

  while (true) {
    const Order order = *orders.recv();
    if (order == Order::kStop) break;
    if (order == Order::kDump) print_goroutines();
    if (order == Order::kReload) {
      tell_reloading();
      reload();
      tell_ready(where);
    }
  }
  drain(orders, calls_end, ended);
}

void Server::reload() {
  const absl::StatusOr<LoadedConfig> loaded =
      options_.reload ? blocking(options_.reload) : absl::StatusOr<LoadedConfig>(LoadedConfig{options_.config, {}});
  if (!loaded.ok()) {
    log(LogLevel::kError, "the settings cannot be read again; the old ones stay",
        {{"error", std::string(loaded.status().message())}});
    return;
  }
  set_log_level(loaded->config.log_level);
  log(LogLevel::kInfo, "settings read again", {{"log.level", loaded->config.log_level}});
}

// Until nothing runs: true; or until the drain timeout or another order to stop: false.
bool Server::wait_until_idle(const RecvChan<Order>& orders) {
  const Timer timeout(options_.config.drain_timeout);
  for (const RecvChan<Unit>& part : {parts_->admission.idle(), parts_->jobs.idle()}) {
    bool is_idle = false;
    bool is_over = false;
    while (!is_idle && !is_over) {
      select(on_recv(part, [&](std::optional<Unit>) { is_idle = true; }),
             on_recv(timeout.chan(), [&](std::optional<absl::Time>) { is_over = true; }),
             on_recv(orders, [&](std::optional<Order> order) {
               if (order == Order::kDump) print_goroutines();
               if (order == Order::kStop) is_over = true;
             }));
    }
    if (!is_idle) return false;
  }
  return true;
}

// What it waits for is heard of through channels whose other ends have run since the start: it makes no goroutine.
void Server::drain(const RecvChan<Order>& orders, const SendChan<absl::Time>& calls_end, const RecvChan<Unit>& ended) {
  Parts& parts = *parts_;
  set_state(v1::NODE_STATE_DRAINING);
  parts.health.set_serving(false);
  parts.admission.close();
  parts.jobs.close();
  tell_stopping("finishing what runs");
  log(LogLevel::kInfo, "draining",
      {{"calls", absl::StrCat(parts.admission.inside())},
       {"jobs_running", absl::StrCat(parts.jobs.running())},
       {"jobs_queued", absl::StrCat(parts.jobs.queued())},
       {"drain_timeout", absl::FormatDuration(options_.config.drain_timeout)}});

  const bool is_idle = wait_until_idle(orders);
  if (!is_idle) {
    log(LogLevel::kWarn, "cancelling what did not finish",
        {{"calls", absl::StrCat(parts.admission.inside())}, {"jobs_running", absl::StrCat(parts.jobs.running())}});
    parts.jobs.cancel_running();
  }
  parts.health.end_watches();
  const absl::Duration last_words = is_idle ? kLastWords : absl::ZeroDuration();
  calls_end.send(absl::Now() + last_words);
  const Timer grace(last_words + kCancelGrace);
  bool is_stuck = false;
  select(on_recv(ended), on_recv(grace.chan(), [&](std::optional<absl::Time>) { is_stuck = true; }));
  if (is_stuck) {
    log(LogLevel::kError, "goroutines do not end although they are cancelled; leaving without them",
        {{"goroutines", absl::StrCat(num_goroutines())}});
    if (options_.on_stuck) options_.on_stuck();
    ended.recv();
  }
  if (parts.jobs.queued() > 0) {
    log(LogLevel::kWarn, "jobs that waited are lost: this store keeps them in memory",
        {{"jobs_queued", absl::StrCat(parts.jobs.queued())}});
  }
  set_state(v1::NODE_STATE_STOPPED);
  blocking([&parts] { parts.http.reset(); });
  log(LogLevel::kInfo, "stopped");
}

v1::Node Server::describe() const {
  const Parts& parts = *parts_;
  v1::Node node;
  node.set_name(options_.config.node_name);
  node.set_state(state_.load(std::memory_order_relaxed));
  node.set_version(version());
  node.set_build(build_text());
  if (parts.grpc != nullptr) node.add_grpc_addresses(parts.grpc->address());
  if (!parts.http_address.empty()) node.add_http_addresses(parts.http_address);
  *node.mutable_start_time() = to_proto(start_time_);
  node.set_pid(getpid());
  node.set_max_procs(max_procs());
  node.set_goroutines(static_cast<std::int64_t>(num_goroutines()));
  node.set_tasks(static_cast<std::int32_t>(parts.schema->tasks().size()));
  node.set_jobs_queued(parts.jobs.queued());
  node.set_jobs_running(parts.jobs.running());
  node.set_store(std::string(parts.store.kind()));
  for (const SystemFeature& feature : system_features()) {
    v1::SystemFeature& one = *node.add_features();
    one.set_name(std::string(feature.name));
    one.set_in_use(feature.in_use);
    one.set_fallback(feature.is_fallback);
    one.set_note(feature.note);
  }
  return node;
}

}  // namespace novelo::daemon
