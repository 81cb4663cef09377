// client/cli/task_input.cc
// Flags win over --json, so that a file can hold the usual case and the command line what differs.
#include "task_input.h"

#include "absl/strings/str_cat.h"
#include "commands.h"
#include "line_reader.h"
#include "message_json.h"
#include "task_flags.h"

namespace novelo::cli {

Flag json_flag() {
  return {.name = "json",
          .value = "FILE",
          .doc =
              "Read the fields from a file of JSON, from stdin if it is -; of a task that reads a stream, one message "
              "a line",
          .meaning = Meaning::kFile};
}

absl::StatusOr<std::unique_ptr<google::protobuf::Message>> one_input(Session& session, const Verb& verb,
                                                                     const client::TaskSchema& schema,
                                                                     const Arguments& arguments) {
  std::unique_ptr<google::protobuf::Message> input = schema.new_input();
  if (const auto path = arguments.value("json")) {
    const absl::StatusOr<std::string> text = read_file(*path, session.world().in_fd);
    if (!text.ok()) return text.status();
    if (absl::Status status = client::merge_json(*text, input.get()); !status.ok()) {
      return absl::Status(status.code(), absl::StrCat("--json ", *path, ": ", status.message()));
    }
  }
  if (absl::Status status = check_ambiguous(schema, arguments); !status.ok()) return status;
  if (absl::Status status = apply_flags(schema, own_flags(verb), arguments.fields, input.get()); !status.ok()) {
    return status;
  }
  return input;
}

}  // namespace novelo::cli
