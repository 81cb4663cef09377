// client/cli/leaks.cc
// novelo leaks: goroutines of the server that wait for ever, and the jobs they belong to.
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "commands.h"
#include "job_view.h"
#include "rpc_status.h"
#include "session.h"
#include "wire_time.h"

namespace novelo::cli {
namespace {

View leaks_page(const v1::FindLeaksResponse& leaks) {
  if (leaks.goroutines().empty()) return {Text{"No goroutine waits for ever.\n"}};
  Table table{.title = {},
              .columns = {{"GOROUTINE", Align::kRight},
                          {"NAME"},
                          {"WAITS FOR"},
                          {"SINCE", Align::kRight},
                          {"JOB"},
                          {"TASK"},
                          {"CALLS", Align::kLeft, true}},
              .rows = {}};
  for (const v1::LeakedGoroutine& one : leaks.goroutines()) {
    table.rows.push_back({absl::StrCat(one.id()), one.name(), one.reason(),
                          age_text(absl::Now() - client::to_time(one.wait_time())), one.job_id(), one.task(),
                          absl::StrJoin(one.calls(), " < ")});
  }
  View page{std::move(table)};
  if (const auto more = leaks.total() - leaks.goroutines_size(); more > 0) {
    page.push_back(Text{absl::StrCat("and ", more, " more\n")});
  }
  return page;
}

ExitCode run_leaks(Session& session, const Arguments&) {
  if (absl::Status status = session.connect(); !status.ok()) return session.fail(status);
  const v1::FindLeaksRequest request;
  v1::FindLeaksResponse leaks;
  const auto context = session.long_question();
  const grpc::Status status = session.runtime()->FindLeaks(context.get(), request, &leaks);
  if (!status.ok()) return session.fail(client::from_grpc(status));
  std::vector<std::string> names;
  for (const v1::LeakedGoroutine& one : leaks.goroutines()) names.push_back(absl::StrCat(one.id()));
  return session.show({.view = leaks_page(leaks), .messages = {&leaks}, .names = std::move(names)});
}

}  // namespace

Noun leaks_noun() {
  return {
      .name = "leaks",
      .summary = "Find goroutines that wait for ever",
      .verbs = {{.name = "",
                 .summary = "Searches the server for goroutines that nobody can wake any more, and names their jobs",
                 .examples = {"novelo leaks", "novelo leaks -o wide", "novelo leaks -o json"},
                 .notes = "Goroutines run on meanwhile. Nobody is listed who may go on; somebody may be missing whose\n"
                          "channel is kept in memory of malloc. The server looks by itself too: see\n"
                          "runtime.leak_check_interval and job.cancel_leaked in its manual.",
                 .run = run_leaks}}};
}

}  // namespace novelo::cli
