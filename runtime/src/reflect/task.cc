// How a streaming call runs. The function and the reader of its input are children of one scope, so that a bad message
// ends the function and the end of the function ends the reader. The writer is the calling goroutine itself, outside
// that scope: it must still deliver what the function wrote before it failed, and its own cancellation is the caller's.
#include "novelo/task.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "novelo/go.h"
#include "reflect/module_name.h"
#include "reflect/raw_object.h"
#include "reflect/registry.h"

namespace novelo {
namespace {

std::string dotted(std::string_view name) {
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool is_separator = name.substr(i).starts_with("::");
    if (!is_separator) out += name[i];
    if (!is_separator) continue;
    if (!out.empty()) out += '.';
    ++i;
  }
  return out;
}

// Memory for the result of a call, and what the call may have put there.
class ResultSlot {
 public:
  explicit ResultSlot(const reflect::Type& type) : type_(type), at_(reflect::allocate_raw(type)) {}
  ResultSlot(const ResultSlot&) = delete;
  ResultSlot& operator=(const ResultSlot&) = delete;
  ~ResultSlot() {
    if (is_filled_) type_.operations().destroy(at_);
    reflect::free_raw(type_, at_);
  }
  void* get() const { return at_; }
  void set_filled() { is_filled_ = true; }

 private:
  const reflect::Type& type_;
  void* at_;
  bool is_filled_ = false;
};

}  // namespace

std::string_view to_string(TaskKind kind) {
  switch (kind) {
    case TaskKind::kUnary:
      return "unary";
    case TaskKind::kServerStreaming:
      return "server_streaming";
    case TaskKind::kClientStreaming:
      return "client_streaming";
    case TaskKind::kBidiStreaming:
      return "bidi_streaming";
  }
  return "unknown";
}

TaskStream::~TaskStream() = default;

Task::Task(const Description& description, std::string module)
    : name_(dotted(description.name)),
      doc_(description.doc),
      module_(std::move(module)),
      version_(description.version),
      input_(description.input),
      output_(description.output),
      run_(description.run),
      kind_(description.kind) {}

std::vector<const Task*> tasks() {
  return Registry::get().tasks();
}

const Task* find_task(std::string_view name) {
  return Registry::get().find_task(name);
}

std::vector<std::string> registration_errors() {
  return Registry::get().errors();
}

namespace internal {

void register_task(const Task::Description& description, const void* anchor) {
  Registry::get().add_task(std::make_unique<const Task>(description, module_name(anchor)));
}

absl::Status read_request(const Task& task, TaskStream& stream, void* request) {
  const absl::StatusOr<std::optional<std::string>> read = stream.read();
  if (!read.ok()) return read.status();
  const std::optional<std::string>& message = *read;
  if (!message.has_value()) {
    return absl::InvalidArgumentError(
        absl::StrCat("task ", std::string(task.name()), " takes one message, and the input ended without one"));
  }
  return reflect::from_wire(task.input(), *message, request);
}

absl::Status write_message(const Task& task, TaskStream& stream, const void* message) {
  absl::StatusOr<std::string> bytes = reflect::to_wire(task.output(), message);
  if (bytes.ok()) return stream.write(*std::move(bytes));
  return absl::InternalError(
      absl::StrCat("task ", std::string(task.name()), " made a message that cannot be sent: ",
                   std::string(bytes.status().message().data(), bytes.status().message().size())));
}

absl::Status run_unary(const Task& task, TaskStream& stream, const void* function, std::size_t parameters, Call call) {
  const reflect::RawObject request(task.input());
  if (absl::Status status = read_request(task, stream, request.get()); !status.ok()) return status;
  ResultSlot result(task.output());
  void* const arguments[] = {request.get()};
  if (absl::Status status = call(function, parameters == 0 ? nullptr : arguments, result.get()); !status.ok()) {
    return status;
  }
  result.set_filled();
  return write_message(task, stream, result.get());
}

absl::Status run_streaming(const Task& task, const StreamingCall& call) {
  absl::Status read_status;
  std::optional<absl::Status> function_status;
  const Chan<Unit> ended = make_chan<Unit>();
  Scope scope;  // the last local: its goroutines, which use the others, have ended when those go
  scope.go([&] {
    read_status = call.read_messages();
    return read_status;
  });
  scope.go([&] {
    struct AtEnd {
      const StreamingCall& call;
      const Chan<Unit>& ended;
      ~AtEnd() {
        call.function_ended();
        ended.close();
      }
    } at_end{call, ended};
    function_status = call.function();
  });
  absl::Status write_status = call.write_messages();
  if (!write_status.ok()) scope.cancel();
  ended.recv();
  scope.cancel();                            // the reader, and what the function started and left behind
  absl::Status scope_status = scope.wait();  // rethrows what the function threw
  if (!write_status.ok()) return write_status;
  if (function_status.has_value()) return *std::move(function_status);
  if (!read_status.ok()) return read_status;
  if (!scope_status.ok() && scope_status.code() != absl::StatusCode::kCancelled) return scope_status;
  return absl::AbortedError(absl::StrCat("task ", std::string(task.name()), " left its goroutine without a result"));
}

}  // namespace internal
}  // namespace novelo
