// daemon/src/schema/schema.h
// The registered tasks as protobuf sees them: a descriptor pool with every task's messages and its service.
//
//   service   the tasks of namespace a::b are the methods of the service a.b.Tasks, in the file a/b/tasks.proto
//   message   an input or output that is no struct is a message of that file, <Method>Input or <Method>Output, with the
//             one field `value`
//   life      made once, before anything is served; never changes; callable from any thread
//   tested    tests/unit/daemon/schema_test.cc
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <novelo/task.h>

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace novelo::daemon {

// One task with its descriptors, which live as long as the Schema.
struct TaskSchema {
  const Task* task = nullptr;
  const google::protobuf::MethodDescriptor* method = nullptr;

  const google::protobuf::Descriptor* input() const { return method->input_type(); }
  const google::protobuf::Descriptor* output() const { return method->output_type(); }
  // "/text.Tasks/WordCount"
  std::string path() const;
};

class Schema {
 public:
  // Two tasks that want one method, or a type without a protobuf form, are kFailedPrecondition and named.
  static absl::StatusOr<std::unique_ptr<const Schema>> make(std::span<const Task* const> tasks);

  const google::protobuf::DescriptorPool& pool() const { return pool_; }
  // By the task's name.
  const std::map<std::string, TaskSchema, std::less<>>& tasks() const { return tasks_; }
  const TaskSchema* find(std::string_view task) const;
  // NOT_FOUND that names the task spelled most alike.
  absl::Status unknown_task(std::string_view name) const;
  // Full names of the services, in order.
  const std::vector<std::string>& services() const { return services_; }

  // The file of the task's service and all it needs, imports first, comments included.
  google::protobuf::FileDescriptorSet files_of(const TaskSchema& task) const;

 private:
  Schema() = default;
  absl::Status build(std::span<const Task* const> tasks);

  google::protobuf::DescriptorPool pool_;
  std::map<std::string, TaskSchema, std::less<>> tasks_;
  std::vector<std::string> services_;
};

// `file` as a FileDescriptorProto with everything its descriptor knows: JSON names and comments too.
google::protobuf::FileDescriptorProto whole_file(const google::protobuf::FileDescriptor& file);

}  // namespace novelo::daemon
