// client/src/task_schema.cc
// A pool of its own for each task: two servers, or two versions of a task, may describe one type differently.
#include "task_schema.h"

#include <google/protobuf/descriptor.pb.h>

#include <utility>

#include "absl/strings/str_cat.h"

namespace novelo::client {
namespace {

// Keeps the first complaint of the pool, which is the one that says something.
class FirstError : public google::protobuf::DescriptorPool::ErrorCollector {
 public:
  void AddError(const std::string& filename, const std::string& element, const google::protobuf::Message*,
                ErrorLocation, const std::string& message) override {
    if (text_.empty()) text_ = absl::StrCat(filename, ": ", element, ": ", message);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace

absl::StatusOr<std::shared_ptr<const TaskSchema>> TaskSchema::from(novelo::v1::Task task) {
  std::shared_ptr<TaskSchema> schema(new TaskSchema);
  schema->task_ = std::move(task);
  if (absl::Status status = schema->build(); !status.ok()) return status;
  return std::shared_ptr<const TaskSchema>(std::move(schema));
}

absl::Status TaskSchema::build() {
  FirstError error;
  for (const google::protobuf::FileDescriptorProto& file : task_.file_descriptor_set().file()) {
    const google::protobuf::FileDescriptor* built = pool_.BuildFileCollectingErrors(file, &error);
    if (built == nullptr) {
      return absl::InternalError(
          absl::StrCat("the server's descriptors of ", task_.name(), " do not fit together: ", error.text()));
    }
    files_.push_back(built);
  }
  input_ = pool_.FindMessageTypeByName(task_.input_type());
  output_ = pool_.FindMessageTypeByName(task_.output_type());
  if (input_ == nullptr || output_ == nullptr) {
    return absl::InternalError(absl::StrCat("the server's descriptors of ", task_.name(), " lack the type ",
                                            input_ == nullptr ? task_.input_type() : task_.output_type()));
  }
  return absl::OkStatus();
}

bool TaskSchema::reads_stream() const {
  return task_.kind() == novelo::v1::TASK_KIND_CLIENT_STREAMING || task_.kind() == novelo::v1::TASK_KIND_BIDI_STREAMING;
}

bool TaskSchema::writes_stream() const {
  return task_.kind() == novelo::v1::TASK_KIND_SERVER_STREAMING || task_.kind() == novelo::v1::TASK_KIND_BIDI_STREAMING;
}

std::unique_ptr<google::protobuf::Message> TaskSchema::new_input() const {
  return std::unique_ptr<google::protobuf::Message>(factory_.GetPrototype(input_)->New());
}

std::unique_ptr<google::protobuf::Message> TaskSchema::new_output() const {
  return std::unique_ptr<google::protobuf::Message>(factory_.GetPrototype(output_)->New());
}

absl::StatusOr<std::unique_ptr<google::protobuf::Message>> TaskSchema::parse_output(std::string_view bytes) const {
  std::unique_ptr<google::protobuf::Message> message = new_output();
  if (!message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::InternalError(absl::StrCat("the server's reply is no ", output_->full_name()));
  }
  return message;
}

}  // namespace novelo::client
