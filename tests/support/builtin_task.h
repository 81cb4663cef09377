// tests/support/builtin_task.h
// Calls of a registered task by name, with its request and replies seen through reflection, as the daemon sees them.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "novelo/reflect.h"
#include "novelo/task.h"
#include "support/memory_stream.h"

namespace novelo::testing {

class TaskCall {
 public:
  explicit TaskCall(std::string_view name) : task_(find_task(name)), request_(task_->input()) {}

  template <class T>
  TaskCall& with(std::string_view field, T value) {
    const absl::Status status = request_.set(field, reflect::Value::of(std::move(value)));
    EXPECT_TRUE(status.ok()) << status;
    return *this;
  }

  // On a goroutine.
  absl::Status run() {
    MemoryStream stream({request_.to_wire().value()});
    const absl::Status status = task_->run(stream);
    for (const std::string& message : stream.output()) {
      replies_.emplace_back(task_->output());
      const absl::Status decoded = replies_.back().from_wire(message);
      EXPECT_TRUE(decoded.ok()) << decoded;
    }
    return status;
  }

  std::size_t replies() const { return replies_.size(); }

  // A field of the reply of this number: get<std::int64_t>("words[0].count").
  template <class T>
  T get(std::string_view path, std::size_t reply = 0) const {
    const absl::StatusOr<reflect::Value> value = replies_.at(reply).get(path);
    if (!value.ok() || value->as<T>() == nullptr) {
      ADD_FAILURE() << path << ": " << value.status();
      return T();
    }
    return *value->as<T>();
  }

 private:
  const Task* task_;
  reflect::Value request_;
  std::vector<reflect::Value> replies_;
};

}  // namespace novelo::testing
