// client/cli/status.cc
// novelo status: what the node that answers says about itself; with --health only whether it serves, for scripts.
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "commands.h"
#include "job_view.h"
#include "rpc_status.h"
#include "session.h"
#include "wire_time.h"

namespace novelo::cli {
namespace {

using grpc::health::v1::HealthCheckResponse;

ExitCode show_health(Session& session) {
  const grpc::health::v1::HealthCheckRequest request;
  HealthCheckResponse reply;
  const auto context = session.question();
  const grpc::Status status = session.health()->Check(context.get(), request, &reply);
  if (!status.ok()) return session.fail(client::from_grpc(status));
  const std::string name = HealthCheckResponse::ServingStatus_Name(reply.status());
  const Answer answer{.view = {Text{name + "\n"}}, .messages = {&reply}, .names = {name}};
  const ExitCode shown = session.show(answer);
  return reply.status() == HealthCheckResponse::SERVING ? shown : ExitCode::kPrecondition;
}

View node_page(const Session& session, const v1::Node& node) {
  KeyValues page{{{"Node", node.name()},
                  {"State", std::string(absl::StripPrefix(v1::NodeState_Name(node.state()), "NODE_STATE_"))},
                  {"Asked at", absl::StrCat(session.address().target, " (", session.address().origin, ")")},
                  {"Version", absl::StrCat(node.version(), node.build().empty() ? "" : " (", node.build(),
                                           node.build().empty() ? "" : ")")},
                  {"Process", absl::StrCat(node.pid())}}};
  if (node.has_start_time()) {
    page.lines.emplace_back("Up for", age_text(absl::Now() - client::to_time(node.start_time())));
  }
  page.lines.emplace_back("gRPC", absl::StrJoin(node.grpc_addresses(), ", "));
  page.lines.emplace_back("HTTP", absl::StrJoin(node.http_addresses(), ", "));
  page.lines.emplace_back("Processors", absl::StrCat(node.max_procs()));
  page.lines.emplace_back("Goroutines", absl::StrCat(node.goroutines()));
  page.lines.emplace_back("Tasks", absl::StrCat(node.tasks()));
  page.lines.emplace_back("Jobs", absl::StrCat(node.jobs_queued(), " queued, ", node.jobs_running(), " running"));
  page.lines.emplace_back("Job store", node.store());
  return {std::move(page)};
}

// Fallbacks first.
View doctor_page(const v1::Node& node) {
  Table table{.title = {}, .columns = {{"FEATURE"}, {"IN USE"}, {"STATE"}, {"NOTE"}}, .rows = {}};
  for (const bool fallback : {true, false}) {
    for (const v1::SystemFeature& one : node.features()) {
      if (one.fallback() != fallback) continue;
      table.rows.push_back({one.name(), one.in_use(), fallback ? "fallback" : "ok", one.note()});
    }
  }
  return {std::move(table)};
}

ExitCode run_status(Session& session, const Arguments& arguments) {
  if (absl::Status status = session.connect(); !status.ok()) return session.fail(status);
  if (arguments.has("health")) return show_health(session);
  const v1::GetNodeRequest request;
  v1::Node node;
  const auto context = session.question();
  const grpc::Status status = session.nodes()->GetNode(context.get(), request, &node);
  if (!status.ok()) return session.fail(client::from_grpc(status));
  if (arguments.has("doctor")) {
    std::vector<std::string> fallbacks;
    for (const v1::SystemFeature& one : node.features()) {
      if (one.fallback()) fallbacks.push_back(one.name());
    }
    return session.show({.view = doctor_page(node), .messages = {&node}, .names = std::move(fallbacks)});
  }
  return session.show({.view = node_page(session, node), .messages = {&node}, .names = {node.name()}});
}

}  // namespace

Noun status_noun() {
  return {
      .name = "status",
      .summary = "Show how the server is",
      .verbs = {{.name = "",
                 .summary = "Shows the server: its state, version, addresses, goroutines, tasks and jobs",
                 .flags = {{.name = "health", .doc = "Only whether it serves: SERVING and exit code 0, or exit code 5"},
                           {.name = "doctor",
                            .doc = "What it wants of its system and does without; with -o name the fallbacks alone"}},
                 .examples = {"novelo status", "novelo status --health -q && echo ready", "novelo status --doctor"},
                 .run = run_status}}};
}

}  // namespace novelo::cli
