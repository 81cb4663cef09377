// client/cli/task.cc
// novelo task: what the server can run. `list` asks without descriptors, `describe` and `proto` with them.
#include <google/protobuf/descriptor.h>

#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "commands.h"
#include "field_value.h"
#include "rpc_status.h"
#include "session.h"
#include "task_flags.h"

namespace novelo::cli {
namespace {

std::string kind_name(v1::TaskKind kind) {
  switch (kind) {
    case v1::TASK_KIND_UNARY:
      return "unary";
    case v1::TASK_KIND_SERVER_STREAMING:
      return "server streaming";
    case v1::TASK_KIND_CLIENT_STREAMING:
      return "client streaming";
    case v1::TASK_KIND_BIDI_STREAMING:
      return "bidi streaming";
    default:
      return "unknown";
  }
}

// The first sentence of a doc: what a list has room for.
std::string first_sentence(const std::string& doc) {
  const std::size_t end = doc.find(". ");
  return end == std::string::npos ? doc : doc.substr(0, end + 1);
}

ExitCode run_list(Session& session, const Arguments& arguments) {
  if (absl::Status status = session.connect(); !status.ok()) return session.fail(status);
  v1::ListTasksRequest request;
  if (!arguments.positional.empty()) request.set_prefix(arguments.positional[0]);
  std::vector<v1::Task> tasks;
  do {
    v1::ListTasksResponse reply;
    const auto context = session.question();
    const grpc::Status status = session.tasks()->ListTasks(context.get(), request, &reply);
    if (!status.ok()) return session.fail(client::from_grpc(status));
    tasks.insert(tasks.end(), reply.tasks().begin(), reply.tasks().end());
    request.set_page_token(reply.next_page_token());
  } while (!request.page_token().empty());

  Table table{.columns = {{.name = "NAME"},
                          {.name = "KIND"},
                          {.name = "METHOD", .is_wide = true},
                          {.name = "MODULE", .is_wide = true},
                          {.name = "VERSION", .is_wide = true},
                          {.name = "DESCRIPTION"}}};
  Answer answer{.is_list = true};
  for (const v1::Task& task : tasks) {
    table.rows.push_back({task.name(), kind_name(task.kind()), task.method(), task.module(), task.version(),
                          first_sentence(task.doc())});
    answer.messages.push_back(&task);
    answer.names.push_back(task.name());
  }
  if (tasks.empty()) {
    session.say(request.prefix().empty() ? "no tasks" : absl::StrCat("no task begins with \"", request.prefix(), "\""));
  }
  if (!tasks.empty()) answer.view.push_back(std::move(table));
  return session.show(answer);
}

Table field_table(const std::string& title, const google::protobuf::RepeatedPtrField<v1::TaskField>& fields,
                  bool has_defaults) {
  Table table{.title = title, .columns = {{.name = "FIELD"}, {.name = "TYPE"}}};
  if (has_defaults) table.columns.push_back({.name = "DEFAULT"});
  table.columns.push_back({.name = "DESCRIPTION"});
  for (const v1::TaskField& field : fields) {
    std::string doc = field.doc();
    if (field.enum_values_size() > 0) {
      absl::StrAppend(&doc, doc.empty() ? "" : " ", "One of: ", absl::StrJoin(field.enum_values(), ", "));
    }
    std::vector<std::string> row = {field.name(), (field.optional() ? "optional " : "") + field.type()};
    if (has_defaults) row.push_back(field.default_json());
    row.push_back(doc);
    table.rows.push_back(std::move(row));
  }
  return table;
}

ExitCode run_describe(Session& session, const Arguments& arguments) {
  if (absl::Status status = session.connect(); !status.ok()) return session.fail(status);
  v1::GetTaskRequest request;
  request.set_name(arguments.positional[0]);
  request.set_view(v1::TASK_VIEW_BASIC);
  v1::Task task;
  const auto context = session.question();
  const grpc::Status status = session.tasks()->GetTask(context.get(), request, &task);
  if (!status.ok()) return session.fail(client::from_grpc(status));

  KeyValues head{
      {{"Name", task.name()},
       {"Description", task.doc()},
       {"Kind", kind_name(task.kind())},
       {"Method", task.method()},
       {"Module", task.version().empty() ? task.module() : absl::StrCat(task.module(), " ", task.version())}}};
  Answer answer{.view = {std::move(head)}, .messages = {&task}, .names = {task.name()}};
  answer.view.push_back(field_table(absl::StrCat("Input ", task.input_type()), task.input_fields(), true));
  answer.view.push_back(field_table(absl::StrCat("Output ", task.output_type()), task.output_fields(), false));
  return session.show(answer);
}

ExitCode run_proto(Session& session, const Arguments& arguments) {
  if (session.form() && *session.form() != OutputForm::kTable) {
    return session.usage(absl::InvalidArgumentError("novelo task proto writes a .proto file and has no other form"),
                         "novelo task proto");
  }
  if (absl::Status status = session.connect(); !status.ok()) return session.fail(status);
  const auto schema = session.schema(arguments.positional[0]);
  if (!schema.ok()) return session.fail(schema.status());
  google::protobuf::DebugStringOptions options;
  options.include_comments = true;
  bool is_first = true;
  for (const google::protobuf::FileDescriptor* file : (*schema)->files()) {
    if (absl::StartsWith(file->name(), "google/protobuf/")) continue;  // every protobuf compiler brings these
    session.out() << (is_first ? "" : "\n") << "// " << file->name() << "\n" << file->DebugStringWithOptions(options);
    is_first = false;
  }
  const absl::Status status = session.flush();
  return status.ok() ? ExitCode::kDone : session.fail(status);
}

}  // namespace

Noun task_noun() {
  return {.name = "task",
          .summary = "The tasks the server can run",
          .verbs = {{.name = "list",
                     .summary = "Lists the registered tasks, or those whose name begins with PREFIX",
                     .arguments = {{.name = "PREFIX", .meaning = Meaning::kTask, .is_optional = true}},
                     .examples = {"novelo task list", "novelo task list text. -o wide"},
                     .run = run_list},
                    {.name = "describe",
                     .summary = "Shows what a task takes and what it answers",
                     .arguments = {{.name = "TASK", .meaning = Meaning::kTask}},
                     .examples = {"novelo task describe text.word_count"},
                     .run = run_describe},
                    {.name = "proto",
                     .summary = "Writes the .proto file of a task's typed gRPC method",
                     .arguments = {{.name = "TASK", .meaning = Meaning::kTask}},
                     .examples = {"novelo task proto text.word_count > word_count.proto"},
                     .run = run_proto}}};
}

}  // namespace novelo::cli
