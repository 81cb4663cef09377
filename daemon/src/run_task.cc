// The one place where what a task does becomes a status, for calls and jobs alike.
#include "run_task.h"

#include <absl/cleanup/cleanup.h>
#include <absl/strings/str_cat.h>
#include <novelo/error.h>
#include <novelo/go.h>

#include <exception>
#include <string>

#include "rpc/error.h"

namespace novelo::daemon {
namespace {

absl::Status deadline_error(const Task& task) {
  return Error(absl::StatusCode::kDeadlineExceeded, "TASK_DEADLINE",
               absl::StrCat(std::string(task.name()), " ran past its deadline"));
}

}  // namespace

absl::Status run_task(const Task& task, TaskStream& stream, absl::Time deadline, Priority priority, Meter& meter) {
  const absl::Cleanup restore = [own = set_priority(priority)] { set_priority(own); };
  const std::string name(task.name());
  try {
    bool has_returned = false;
    const absl::Status status = meter.run([&] {
      return with_deadline(deadline, [&] {
        absl::Status own = task.run(stream);
        has_returned = true;
        return own;
      });
    });
    if (!has_returned) return deadline_error(task);
    return with_reason(status, "TASK_FAILED");
  } catch (const Cancelled&) {
    if (absl::Now() >= deadline) return deadline_error(task);
    return Error(absl::StatusCode::kCancelled, "TASK_CANCELLED", absl::StrCat(name, " was cancelled"));
  } catch (const StackOverflow& error) {
    return Error(absl::StatusCode::kInternal, "STACK_OVERFLOW",
                 absl::StrCat(name, " went too deep: ", error.what(), "; the limit is runtime.max_stack_bytes"));
  } catch (const HeapLimitExceeded& error) {
    return Error(absl::StatusCode::kResourceExhausted, "HEAP_LIMIT",
                 absl::StrCat(name, " holds too much: ", error.what(), "; the limit is task.max_heap_bytes"))
        .quota("task", "task.max_heap_bytes");
  } catch (const std::exception& error) {
    return Error(absl::StatusCode::kInternal, "TASK_THREW", absl::StrCat(name, " threw: ", error.what()));
  }
}

}  // namespace novelo::daemon
