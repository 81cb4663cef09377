// client/src/task_schema.h
// The messages of one task, known at run time from the descriptors its server sent.
// Immutable once made, so free to use from any thread; making one costs the parsing of a few descriptors.
// Tested in tests/unit/client/task_schema_test.cc.
#ifndef NOVELO_CLIENT_SRC_TASK_SCHEMA_H_
#define NOVELO_CLIENT_SRC_TASK_SCHEMA_H_

#include <google/protobuf/descriptor.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/message.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "novelo/v1/task.pb.h"

namespace novelo::client {

class TaskSchema {
 public:
  // Of a task in TASK_VIEW_FULL. kInternal when its descriptors do not fit together.
  static absl::StatusOr<std::shared_ptr<const TaskSchema>> from(novelo::v1::Task task);

  const novelo::v1::Task& task() const { return task_; }
  const std::string& name() const { return task_.name(); }
  const google::protobuf::Descriptor& input() const { return *input_; }
  const google::protobuf::Descriptor& output() const { return *output_; }
  // The files that came with the task, imports first.
  const std::vector<const google::protobuf::FileDescriptor*>& files() const { return files_; }
  // Whether the task reads (writes) any number of messages instead of one.
  bool reads_stream() const;
  bool writes_stream() const;

  // An empty message, to be dropped before the schema is.
  std::unique_ptr<google::protobuf::Message> new_input() const;
  std::unique_ptr<google::protobuf::Message> new_output() const;
  // A message the server sent; kInternal when the bytes are none.
  absl::StatusOr<std::unique_ptr<google::protobuf::Message>> parse_output(std::string_view bytes) const;

 private:
  TaskSchema() = default;
  absl::Status build();

  novelo::v1::Task task_;
  google::protobuf::DescriptorPool pool_;
  mutable google::protobuf::DynamicMessageFactory factory_;  // thread-safe; makes prototypes when first asked
  std::vector<const google::protobuf::FileDescriptor*> files_;
  const google::protobuf::Descriptor* input_ = nullptr;
  const google::protobuf::Descriptor* output_ = nullptr;
};

}  // namespace novelo::client

#endif  // NOVELO_CLIENT_SRC_TASK_SCHEMA_H_
