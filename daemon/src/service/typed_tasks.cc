// The typed methods: a call's bytes go to the task as they are.
#include "service/typed_tasks.h"

#include <absl/cleanup/cleanup.h>

#include <utility>

#include "run_task.h"

namespace novelo::daemon {
namespace {

// A call as the stream of a task.
class CallStream final : public TaskStream {
 public:
  CallStream(Call& call, bool has_one_output) : call_(call), has_one_output_(has_one_output) {}

  absl::StatusOr<std::optional<std::string>> read() override { return call_.read(); }

  absl::Status write(std::string message) override {
    if (!has_one_output_) return call_.write(std::move(message));
    call_.write_last(std::move(message));
    return absl::OkStatus();
  }

 private:
  Call& call_;
  const bool has_one_output_;
};

}  // namespace

void add_typed_tasks(Router& router, const Schema& schema, Admission& admission, std::int64_t heap_bytes_max) {
  for (const auto& [name, entry] : schema.tasks()) {
    const TaskKind kind = entry.task->kind();
    const bool has_one_output = kind == TaskKind::kUnary || kind == TaskKind::kClientStreaming;
    router.add(entry.path(),
               [task = entry.task, has_one_output, heap_bytes_max, &admission](Call& call) -> absl::Status {
                 if (absl::Status status = admission.enter(); !status.ok()) return status;
                 const auto leave = absl::MakeCleanup([&admission] { admission.leave(); });
                 CallStream stream(call, has_one_output);
                 Meter meter;
                 meter.limit_heap(static_cast<std::uint64_t>(heap_bytes_max));
                 return run_task(*task, stream, call.deadline(), Priority::kNormal, meter);
               });
  }
}

}  // namespace novelo::daemon
