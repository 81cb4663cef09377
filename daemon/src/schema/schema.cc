// Files of types first, then a file a namespace with its service, all into one pool.
#include "schema/schema.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_replace.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <set>

#include "nearest.h"
#include "rpc/error.h"
#include "schema/names.h"
#include "schema/type_files.h"

namespace novelo::daemon {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptor;
using google::protobuf::FileDescriptorProto;

constexpr std::string_view kServiceName = "Tasks";

// protobuf's complaints about a file, put into one text.
class Complaints final : public DescriptorPool::ErrorCollector {
 public:
  void AddError(const std::string& filename, const std::string& element, const google::protobuf::Message*,
                ErrorLocation, const std::string& message) override {
    absl::StrAppend(&text_, text_.empty() ? "" : "; ", filename, ": ", element, ": ", message);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::string method_name(const Task& task) {
  const std::string name(task.name());
  return pascal_case(name.substr(name.rfind('.') + 1));
}

bool is_message(const reflect::Type& type) {
  return type.kind() == reflect::Kind::kStruct;
}

// The service of one namespace, in a file of its own.
class ServiceFile {
 public:
  ServiceFile(const std::string& package, const TypeFiles& types) : types_(types), comments_(file_) {
    file_.set_name(
        absl::StrCat(package.empty() ? "" : absl::StrReplaceAll(package, {{".", "/"}}) + "/", "tasks.proto"));
    file_.set_package(package);
    file_.set_syntax("proto3");
    file_.add_service()->set_name(std::string(kServiceName));
  }

  void add(const Task& task) {
    auto* method = file_.mutable_service(0)->add_method();
    method->set_name(method_name(task));
    method->set_input_type(message_for(task.input(), method->name() + "Input"));
    method->set_output_type(message_for(task.output(), method->name() + "Output"));
    const TaskKind kind = task.kind();
    method->set_client_streaming(kind == TaskKind::kClientStreaming || kind == TaskKind::kBidiStreaming);
    method->set_server_streaming(kind == TaskKind::kServerStreaming || kind == TaskKind::kBidiStreaming);
    comments_.add({FileDescriptorProto::kServiceFieldNumber, 0,
                   google::protobuf::ServiceDescriptorProto::kMethodFieldNumber, file_.service(0).method_size() - 1},
                  task.doc());
  }

  FileDescriptorProto take() {
    for (const std::string& import : imports_) file_.add_dependency(import);
    return std::move(file_);
  }

 private:
  std::string message_for(const reflect::Type& type, const std::string& wrapper_name) {
    for (const std::string& import : types_.imports_of(type)) imports_.insert(import);
    if (is_message(type)) return absl::StrCat(".", message_name(type));
    *file_.add_message_type() = types_.wrapper(wrapper_name, type);
    return absl::StrCat(".", file_.package(), file_.package().empty() ? "" : ".", wrapper_name);
  }

  const TypeFiles& types_;
  FileDescriptorProto file_;
  Comments comments_;
  std::set<std::string> imports_;
};

absl::Status contradiction(std::string_view text) {
  return Error(absl::StatusCode::kFailedPrecondition, "REGISTRY_CONTRADICTION", text);
}

void add_with_imports(const FileDescriptor& file, std::set<std::string>& seen,
                      google::protobuf::FileDescriptorSet& into) {
  if (!seen.insert(file.name()).second) return;
  for (int i = 0; i < file.dependency_count(); ++i) add_with_imports(*file.dependency(i), seen, into);
  *into.add_file() = whole_file(file);
}

}  // namespace

std::string TaskSchema::path() const {
  return absl::StrCat("/", method->service()->full_name(), "/", method->name());
}

FileDescriptorProto whole_file(const FileDescriptor& file) {
  FileDescriptorProto proto;
  file.CopyTo(&proto);
  file.CopyJsonNameTo(&proto);
  file.CopySourceCodeInfoTo(&proto);
  return proto;
}

absl::StatusOr<std::unique_ptr<const Schema>> Schema::make(std::span<const Task* const> tasks) {
  std::unique_ptr<Schema> schema(new Schema());
  if (absl::Status status = schema->build(tasks); !status.ok()) return status;
  return schema;
}

absl::Status Schema::build(std::span<const Task* const> tasks) {
  TypeFiles types;
  for (const Task* task : tasks) {
    for (const reflect::Type* type : {&task->input(), &task->output()}) {
      if (absl::Status status = reflect::check_wire_form(*type); !status.ok()) {
        return contradiction(absl::StrCat("task ", std::string(task->name()), ": ", std::string(status.message())));
      }
      types.add(*type);
    }
  }
  if (absl::Status status = types.build(); !status.ok()) return contradiction(std::string(status.message()));

  std::map<std::string, ServiceFile> services;
  std::map<std::string, const Task*> methods;
  for (const Task* task : tasks) {
    const std::string package = package_of(task->name());
    const std::string path = absl::StrCat(package, ".", method_name(*task));
    if (const auto [other, is_new] = methods.emplace(path, task); !is_new) {
      return contradiction(absl::StrCat("the tasks ", std::string(other->second->name()), " and ",
                                        std::string(task->name()), " would both be the method ", method_name(*task),
                                        "; rename one"));
    }
    services.try_emplace(package, package, types).first->second.add(*task);
  }

  std::vector<FileDescriptorProto> files(2);
  google::protobuf::Timestamp::descriptor()->file()->CopyTo(&files[0]);
  google::protobuf::Duration::descriptor()->file()->CopyTo(&files[1]);
  for (const FileDescriptorProto& file : types.files()) files.push_back(file);
  for (auto& [package, service] : services) files.push_back(service.take());
  for (const FileDescriptorProto& file : files) {
    Complaints complaints;
    if (pool_.BuildFileCollectingErrors(file, &complaints) == nullptr) return contradiction(complaints.text());
  }

  for (const Task* task : tasks) {
    const std::string package = package_of(task->name());
    const auto* service =
        pool_.FindServiceByName(absl::StrCat(package, package.empty() ? "" : ".", std::string(kServiceName)));
    tasks_.emplace(task->name(), TaskSchema{task, service->FindMethodByName(method_name(*task))});
    if (services_.empty() || services_.back() != service->full_name()) services_.push_back(service->full_name());
  }
  std::sort(services_.begin(), services_.end());
  services_.erase(std::unique(services_.begin(), services_.end()), services_.end());
  return absl::OkStatus();
}

const TaskSchema* Schema::find(std::string_view task) const {
  const auto found = tasks_.find(task);
  return found == tasks_.end() ? nullptr : &found->second;
}

absl::Status Schema::unknown_task(std::string_view name) const {
  std::vector<std::string_view> names;
  for (const auto& [known, task] : tasks_) names.push_back(known);
  return Error(absl::StatusCode::kNotFound, "TASK_NOT_FOUND",
               absl::StrCat("no task is called \"", std::string(name.substr(0, 128)), "\"", suggestion(name, names)))
      .resource("task", name);
}

google::protobuf::FileDescriptorSet Schema::files_of(const TaskSchema& task) const {
  google::protobuf::FileDescriptorSet set;
  std::set<std::string> seen;
  add_with_imports(*task.method->file(), seen, set);
  return set;
}

}  // namespace novelo::daemon
