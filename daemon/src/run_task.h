// daemon/src/run_task.h
// One run of a task, whoever asked for it: the deadline, and every way to end as a status.
//
//   returned an error   its code, with the reason TASK_FAILED unless it carries an ErrorInfo of its own
//   threw               INTERNAL, TASK_THREW, with what()
//   held too much       RESOURCE_EXHAUSTED, HEAP_LIMIT, with the setting
//   was cancelled       CANCELLED, TASK_CANCELLED
//   passed its deadline DEADLINE_EXCEEDED, TASK_DEADLINE
//   tested              tests/unit/daemon/jobs_test.cc, tests/unit/daemon/server_test.cc
#pragma once

#include <absl/status/status.h>
#include <absl/time/time.h>
#include <novelo/meter.h>
#include <novelo/task.h>

namespace novelo::daemon {

// Runs `task` on the calling goroutine, in that class. The goroutines it started have ended when this returns. What
// goexit() throws passes. novelod's own goroutines are of the latency class, so that a node answers however much its
// tasks compute.
// `meter` counts what it uses, and limits its heap.
absl::Status run_task(const Task& task, TaskStream& stream, absl::Time deadline, Priority priority, Meter& meter);

}  // namespace novelo::daemon
