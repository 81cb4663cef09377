// Descriptors and reflected types side by side: the first know the wire, the second docs and defaults.
#include "service/task_service.h"

#include <absl/strings/str_cat.h>

#include "rpc/error.h"
#include "rpc/message_method.h"
#include "schema/type_files.h"

namespace novelo::daemon {
namespace {

constexpr int kPageSizeDefault = 100;
constexpr int kPageSizeMax = 1000;

v1::TaskKind kind_of(TaskKind kind) {
  switch (kind) {
    case TaskKind::kUnary:
      return v1::TASK_KIND_UNARY;
    case TaskKind::kServerStreaming:
      return v1::TASK_KIND_SERVER_STREAMING;
    case TaskKind::kClientStreaming:
      return v1::TASK_KIND_CLIENT_STREAMING;
    case TaskKind::kBidiStreaming:
      return v1::TASK_KIND_BIDI_STREAMING;
  }
  return v1::TASK_KIND_UNSPECIFIED;
}

void add_enum_values(const google::protobuf::FieldDescriptor& field, v1::TaskField& out) {
  const google::protobuf::FieldDescriptor* holder = field.is_map() ? field.message_type()->map_value() : &field;
  if (holder->enum_type() == nullptr) return;
  for (int i = 0; i < holder->enum_type()->value_count(); ++i)
    out.add_enum_values(holder->enum_type()->value(i)->name());
}

// The fields of a message, described by the reflected type it was made from (a wrapper's: the wrapped one).
void add_fields(const reflect::Type& type, const google::protobuf::Descriptor& message,
                google::protobuf::RepeatedPtrField<v1::TaskField>& out) {
  for (int i = 0; i < message.field_count(); ++i) {
    const google::protobuf::FieldDescriptor& descriptor = *message.field(i);
    v1::TaskField& field = *out.Add();
    field.set_name(descriptor.name());
    field.set_number(descriptor.number());
    field.set_repeated(descriptor.is_repeated());
    add_enum_values(descriptor, field);
    if (const reflect::Field* source = type.field(descriptor.name())) {
      field.set_doc(std::string(source->doc()));
      field.set_type(proto_type_text(source->type()));
      field.set_default_json(std::string(source->default_json()));
      field.set_optional(source->is_optional());
    } else {
      field.set_type(proto_type_text(type));
      field.set_optional(type.kind() == reflect::Kind::kOptional);
    }
  }
}

v1::Task describe(const Schema& schema, const TaskSchema& entry, bool with_files) {
  const Task& task = *entry.task;
  v1::Task out;
  out.set_name(std::string(task.name()));
  out.set_doc(std::string(task.doc()));
  out.set_kind(kind_of(task.kind()));
  out.set_method(entry.path());
  out.set_input_type(entry.input()->full_name());
  out.set_output_type(entry.output()->full_name());
  add_fields(task.input(), *entry.input(), *out.mutable_input_fields());
  add_fields(task.output(), *entry.output(), *out.mutable_output_fields());
  out.set_module(std::string(task.module()));
  out.set_version(std::string(task.version()));
  if (with_files) *out.mutable_file_descriptor_set() = schema.files_of(entry);
  return out;
}

}  // namespace

void TaskService::add_to(Router& router) const {
  add_unary<v1::ListTasksRequest>(router, "/novelo.v1.TaskService/ListTasks",
                                  [this](const auto& request) { return list_tasks(request); });
  add_unary<v1::GetTaskRequest>(router, "/novelo.v1.TaskService/GetTask",
                                [this](const auto& request) { return get_task(request); });
}

absl::StatusOr<v1::ListTasksResponse> TaskService::list_tasks(const v1::ListTasksRequest& request) const {
  if (request.page_size() < 0) return bad_field("page_size", "is negative").status();
  const int page_size = request.page_size() == 0 ? kPageSizeDefault : std::min(request.page_size(), kPageSizeMax);
  v1::ListTasksResponse response;
  // The token is the last name sent: tasks are never removed, so it is always a place in the order.
  for (auto entry = schema_.tasks().upper_bound(request.page_token()); entry != schema_.tasks().end(); ++entry) {
    if (!entry->first.starts_with(request.prefix())) continue;
    if (response.tasks_size() == page_size) {
      response.set_next_page_token(response.tasks(page_size - 1).name());
      break;
    }
    *response.add_tasks() = describe(schema_, entry->second, request.view() == v1::TASK_VIEW_FULL);
  }
  return response;
}

absl::StatusOr<v1::Task> TaskService::get_task(const v1::GetTaskRequest& request) const {
  if (request.name().empty()) return bad_field("name", "is empty: name a task").status();
  const TaskSchema* entry = schema_.find(request.name());
  if (entry == nullptr) return schema_.unknown_task(request.name());
  return describe(schema_, *entry, request.view() != v1::TASK_VIEW_BASIC);
}

}  // namespace novelo::daemon
