// client/cli/task_flags.h
// The flags of a task's own fields: found by name, nested ones by dots, and turned into the task's input message.
//
//   --top 5             a field               --path a --path b   a repeated one
//   --range.first 3     a field of a message  --label key=value   an entry of a map
//   --deep, --no-deep   a bool                --input.json x      a field whose name a flag of novelo's has
//
// '-' and '_' are one. Pure; tested in tests/unit/client/task_flags_test.cc.
#ifndef NOVELO_CLIENT_CLI_TASK_FLAGS_H_
#define NOVELO_CLIENT_CLI_TASK_FLAGS_H_

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "command.h"
#include "task_schema.h"

namespace novelo::cli {

struct TaskFlag {
  std::string name;                                            // without the dashes: "range.first", "line-number"
  const google::protobuf::FieldDescriptor* field;              // the last of `path`
  std::vector<const google::protobuf::FieldDescriptor*> path;  // from the input message to the field
};

// The flags of the message's fields, inner ones after their message's own. A field whose flag would be one of `taken`
// gets the prefix "input.".
std::vector<TaskFlag> task_flags(const google::protobuf::Descriptor& input, const std::vector<Flag>& taken);

// What a flag means: the sentence its author wrote, and the default.
std::string flag_doc(const client::TaskSchema& schema, const TaskFlag& flag);

// Sets in `input` what `words` (flags and their values) say. kInvalidArgument names the flag, what its field takes, and
// the nearest one for a flag that is none.
absl::Status apply_flags(const client::TaskSchema& schema, const std::vector<Flag>& taken,
                         const std::vector<std::string>& words, google::protobuf::Message* input);

// kInvalidArgument when a flag of novelo's stands after the task's name and a field of the task is called the same: it
// is not known which was meant.
absl::Status check_ambiguous(const client::TaskSchema& schema, const Arguments& given);

}  // namespace novelo::cli

#endif  // NOVELO_CLIENT_CLI_TASK_FLAGS_H_
