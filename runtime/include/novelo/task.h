// novelo/task.h
// Registering a function as a task, and finding the tasks that were registered.
//
//   registering  NOVELO_TASK(text::word_count, "doc") at namespace scope of any file, also of a shared object loaded
//   later finding      tasks(), find_task(), registration_errors(): from any thread and goroutine, under a short lock
//   running      Task::run() on a goroutine
//   checked by   tests/unit/reflect/task_test.cc
#ifndef NOVELO_TASK_H_
#define NOVELO_TASK_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "novelo/reflect.h"

namespace novelo {

enum class TaskKind : std::uint8_t { kUnary, kServerStreaming, kClientStreaming, kBidiStreaming };

// "unary", "server_streaming", "client_streaming", "bidi_streaming".
std::string_view to_string(TaskKind kind);

// The message of a task that takes nothing, or that returns only whether it succeeded.
struct Empty {};

// The messages of one call as protobuf wire bytes. Called on the task's goroutines: read() by one at a time, write() by
// one at a time. Both may park.
class TaskStream {
 public:
  virtual ~TaskStream();
  virtual absl::StatusOr<std::optional<std::string>> read() = 0;  // nullopt: the end of the input
  virtual absl::Status write(std::string message) = 0;
};

class Task {
 public:
  using Run = absl::Status (*)(const Task& task, TaskStream& stream);
  struct Description {
    std::string_view name;  // "text::word_count"
    std::string_view doc;
    TaskKind kind;
    reflect::TypeRef input;
    reflect::TypeRef output;
    std::string_view version;
    Run run;
  };
  Task(const Description& description, std::string module);
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  std::string_view name() const { return name_; }  // "text.word_count": namespaces and function, joined by dots
  std::string_view doc() const { return doc_; }
  TaskKind kind() const { return kind_; }

  // The types of the messages read and written. One that is no struct is wrapped in a message with the field `value`
  // = 1.
  const reflect::Type& input() const { return input_(); }
  const reflect::Type& output() const { return output_(); }

  std::string_view module() const { return module_; }    // "builtin", or the file name of the shared object
  std::string_view version() const { return version_; }  // of that module

  // Runs the function on the calling goroutine (streaming ones with goroutines of their own, ended before this
  // returns). Its exceptions pass through. A message that cannot be read is kInvalidArgument and names the field. When
  // stream.write() fails the function is cancelled and that status returned.
  absl::Status run(TaskStream& stream) const { return run_(*this, stream); }

 private:
  std::string name_;
  std::string doc_;
  std::string module_;
  std::string version_;
  reflect::TypeRef input_;
  reflect::TypeRef output_;
  Run run_;
  TaskKind kind_;
};

// All registered tasks, by name. A task is never removed.
std::vector<const Task*> tasks();

// nullptr: unknown.
const Task* find_task(std::string_view name);

// What went wrong while registering, a sentence each: a name used twice, a field without a wire form, a doc for a field
// that is not there. A program that serves tasks refuses to start unless this is empty.
std::vector<std::string> registration_errors();

}  // namespace novelo

#endif  // NOVELO_TASK_H_
