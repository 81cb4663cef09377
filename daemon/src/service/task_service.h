// daemon/src/service/task_service.h
// novelo.v1.TaskService over the schema of the registered tasks.
//
//   tested  tests/unit/daemon/server_test.cc
#pragma once

#include <absl/status/statusor.h>

#include "novelo/v1/task.pb.h"
#include "rpc/transport.h"
#include "schema/schema.h"

namespace novelo::daemon {

class TaskService {
 public:
  explicit TaskService(const Schema& schema) : schema_(schema) {}
  // The service outlives the router.
  void add_to(Router& router) const;

  absl::StatusOr<v1::ListTasksResponse> list_tasks(const v1::ListTasksRequest& request) const;
  absl::StatusOr<v1::Task> get_task(const v1::GetTaskRequest& request) const;

 private:
  const Schema& schema_;
};

}  // namespace novelo::daemon
