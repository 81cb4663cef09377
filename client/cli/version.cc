// client/cli/version.cc
// novelo version: the client's and the server's, which need not be the same.
#include <google/protobuf/struct.pb.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "commands.h"
#include "rpc_status.h"
#include "session.h"

namespace novelo::cli {
namespace {

ExitCode run_version(Session& session, const Arguments& arguments) {
  google::protobuf::Struct json;
  KeyValues lines{{{"Client", NOVELO_VERSION}}};
  (*json.mutable_fields())["client"].set_string_value(NOVELO_VERSION);
  absl::Status status;
  if (!arguments.has("client")) {
    status = session.connect();
    v1::Node node;
    if (status.ok()) {
      const auto context = session.question();
      status = client::from_grpc(session.nodes()->GetNode(context.get(), v1::GetNodeRequest(), &node));
    }
    if (status.ok()) {
      lines.lines.emplace_back("Server", absl::StrCat(node.version(), " at ", session.address().target));
      (*json.mutable_fields())["server"].set_string_value(node.version());
    }
  }
  const ExitCode code = session.show({.view = {std::move(lines)}, .messages = {&json}, .names = {NOVELO_VERSION}});
  return status.ok() ? code : session.fail(status);
}

}  // namespace

Noun version_noun() {
  return {.name = "version",
          .summary = "Show the versions of client and server",
          .verbs = {{.name = "",
                     .summary = "Shows the versions of client and server",
                     .flags = {{.name = "client", .doc = "Only the client's; no server is asked"}},
                     .examples = {"novelo version", "novelo version --client -o name"},
                     .run = run_version}}};
}

}  // namespace novelo::cli
