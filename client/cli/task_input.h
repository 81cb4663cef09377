// client/cli/task_input.h
// What a task is given, from --json and from the flags of its fields: one message, or for a task that reads a stream
// any number. Used by `call` and `job submit`. Tested in tests/unit/client/dispatch_test.cc.
#ifndef NOVELO_CLIENT_CLI_TASK_INPUT_H_
#define NOVELO_CLIENT_CLI_TASK_INPUT_H_

#include <google/protobuf/message.h>

#include <memory>

#include "absl/status/statusor.h"
#include "command.h"
#include "session.h"
#include "task_schema.h"

namespace novelo::cli {

// The flag that both verbs have.
Flag json_flag();

// One message: --json first, then what the field flags say over it.
absl::StatusOr<std::unique_ptr<google::protobuf::Message>> one_input(Session& session, const Verb& verb,
                                                                     const client::TaskSchema& schema,
                                                                     const Arguments& arguments);

}  // namespace novelo::cli

#endif  // NOVELO_CLIENT_CLI_TASK_INPUT_H_
