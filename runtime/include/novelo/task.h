// novelo/task.h
// Registering a function as a task, and finding and running the tasks that were registered.
//
//   absl::StatusOr<Reply> count(const Request& request);             // unary; or T, absl::Status, void; or no argument
//   absl::Status grep(const Request& request, SendChan<Match> out);  // server streaming; or void; or without a request
//   absl::StatusOr<Sum> sum(RecvChan<std::int64_t> in);              // client streaming; or T, absl::Status, void
//   absl::Status upper(RecvChan<Line> in, SendChan<Line> out);       // both ways; or void
//   NOVELO_TASK(text::grep, "What it does.");
//
//   registering  at namespace scope of any file, also of a shared object loaded later
//   finding      tasks(), find_task(), registration_errors(): from any thread and goroutine, under a short lock
//   running      Task::run() on a goroutine; parks
//   checked by   tests/unit/reflect/task_test.cc, task_stream_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "novelo/chan.h"
#include "novelo/error.h"
#include "novelo/reflect.h"
#include "novelo/reflect/task_shape.h"

namespace novelo {

// "unary", "server_streaming", "client_streaming", "bidi_streaming".
std::string_view to_string(TaskKind kind);

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

  // Runs the function: a unary one on the calling goroutine, the others on goroutines of their own, all of which have
  // ended when this returns. Its exceptions pass through. A message that cannot be read is kInvalidArgument and names
  // the field; one that cannot be sent is kInternal. When stream.write() fails the function is cancelled and that
  // status returned. The channels hold kStreamCapacity messages; the one written to is closed when the function
  // returns.
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

inline constexpr std::int64_t kStreamCapacity = 16;

// All registered tasks, by name. A task is never removed.
std::vector<const Task*> tasks();

// nullptr: unknown.
const Task* find_task(std::string_view name);

// What went wrong while registering, a sentence each: a name used twice, a field without a wire form, a doc for a field
// that is not there. A program that serves tasks refuses to start unless this is empty. Describes every type of every
// task, which runs their default constructors.
std::vector<std::string> registration_errors();

namespace internal {

// `anchor` is an object of the module that registers.
void register_task(const Task::Description& description, const void* anchor);

// The one request of a task that reads a single message, into a live object of its type.
absl::Status read_request(const Task& task, TaskStream& stream, void* request);
absl::Status write_message(const Task& task, TaskStream& stream, const void* message);

using Call = absl::Status (*)(const void* function, void* const* arguments, void* result);
absl::Status run_unary(const Task& task, TaskStream& stream, const void* function, std::size_t parameters, Call call);

// The goroutines of a streaming call, without what depends on types.
struct StreamingCall {
  absl::FunctionRef<absl::Status()> function;        // runs the task's function
  absl::FunctionRef<void()> function_ended;          // closes what it writes to
  absl::FunctionRef<absl::Status()> read_messages;   // fills what it reads from, to the end of the input
  absl::FunctionRef<absl::Status()> write_messages;  // empties what it writes to, to its end
};
absl::Status run_streaming(const Task& task, const StreamingCall& call);

// A function may close its channel before it returns.
template <class T>
void close_if_open(const Chan<T>& chan) {
  try {
    chan.close();
  } catch (const ChannelClosed&) {
  }
}

template <class T>
absl::Status read_messages(const Task& task, TaskStream& stream, const Chan<T>& in) {
  while (true) {
    absl::StatusOr<std::optional<std::string>> message = stream.read();
    if (!message.ok()) return message.status();
    if (!message->has_value()) break;
    T value{};
    if (absl::Status status = reflect::from_wire(task.input(), **message, &value); !status.ok()) return status;
    in.send(std::move(value));
  }
  in.close();
  return absl::OkStatus();
}

template <class T>
absl::Status write_messages(const Task& task, TaskStream& stream, const Chan<T>& out) {
  for (const T& message : out) {
    if (absl::Status status = write_message(task, stream, &message); !status.ok()) return status;
  }
  return absl::OkStatus();
}

template <auto kFunction>
absl::Status run_task(const Task& task, TaskStream& stream) {
  using Shape = TaskShape<decltype(kFunction)>;
  constexpr bool kReads = Shape::kKind == TaskKind::kClientStreaming || Shape::kKind == TaskKind::kBidiStreaming;
  constexpr bool kWrites = Shape::kKind == TaskKind::kServerStreaming || Shape::kKind == TaskKind::kBidiStreaming;
  using Signature = reflect::internal::Signature<decltype(kFunction)>;
  if constexpr (!kReads && !kWrites) {
    static constexpr typename Signature::Pointer kPointer = kFunction;
    return run_unary(task, stream, static_cast<const void*>(&kPointer),
                     std::tuple_size_v<typename Signature::Parameters>, &Signature::call);
  } else {
    typename Shape::Request request{};
    Chan<typename Shape::Read> in;
    Chan<typename Shape::Write> out;
    if constexpr (kReads) {
      in = make_chan<typename Shape::Read>(kStreamCapacity);
    } else if (absl::Status status = read_request(task, stream, &request); !status.ok()) {
      return status;
    }
    if constexpr (kWrites) out = make_chan<typename Shape::Write>(kStreamCapacity);
    std::optional<typename Shape::Result> result;
    const auto call = [&] { return Shape::call(kFunction, request, in, out); };
    absl::Status status =
        run_streaming(task, {.function = [&] { return reflect::internal::call_and_keep(call, result); },
                             .function_ended =
                                 [&] {
                                   if constexpr (kWrites) close_if_open(out);
                                 },
                             .read_messages =
                                 [&] {
                                   if constexpr (kReads) return read_messages(task, stream, in);
                                   return absl::OkStatus();
                                 },
                             .write_messages =
                                 [&] {
                                   if constexpr (kWrites) return write_messages(task, stream, out);
                                   return absl::OkStatus();
                                 }});
    if (kWrites || !status.ok()) return status;
    return write_message(task, stream, &*result);
  }
}

// One object a NOVELO_TASK; its address tells the module.
template <auto kFunction>
class TaskRegistration {
 public:
  TaskRegistration(std::string_view doc, std::string_view version) {
    using Shape = TaskShape<decltype(kFunction)>;
    const std::string name = reflect::internal::clean_name(reflect::internal::raw_value_name<kFunction>());
    register_task({.name = name,
                   .doc = doc,
                   .kind = Shape::kKind,
                   .input = &reflect::type_of<typename Shape::Read>,
                   .output = &reflect::type_of<typename Shape::Write>,
                   .version = version,
                   .run = &run_task<kFunction>},
                  this);
  }
};

}  // namespace internal
}  // namespace novelo

// The version of the module that registers: define it on the command line of the compiler.
#ifndef NOVELO_MODULE_VERSION
#define NOVELO_MODULE_VERSION ""
#endif

// NOVELO_TASK(text::word_count, "doc"): registers a function, which is not overloaded, under the name
// "text.word_count".
#define NOVELO_TASK(function, doc)                                                                   \
  static const ::novelo::internal::TaskRegistration<&function> NOVELO_INTERNAL_UNIQUE(novelo_task_)( \
      doc, NOVELO_MODULE_VERSION)
