// tests/support/memory_stream.h
// The messages of one call of a task, in memory: what it reads is given before, what it writes is kept.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "novelo/task.h"

namespace novelo::testing {

class MemoryStream : public TaskStream {
 public:
  explicit MemoryStream(std::vector<std::string> input = {}) : input_(std::move(input)) {}

  // What read() returns when the input is used up; parks as a slow client would make it. Default: the end of the input.
  void at_end(std::function<absl::StatusOr<std::optional<std::string>>()> at_end) { at_end_ = std::move(at_end); }
  // What write() returns for the message of this number, from 0; default: OK.
  void on_write(std::function<absl::Status(std::size_t)> on_write) { on_write_ = std::move(on_write); }

  absl::StatusOr<std::optional<std::string>> read() override {
    if (next_ == input_.size()) return at_end_ ? at_end_() : std::nullopt;
    return input_[next_++];
  }

  absl::Status write(std::string message) override {
    if (on_write_) {
      if (absl::Status status = on_write_(output_.size()); !status.ok()) return status;
    }
    output_.push_back(std::move(message));
    return absl::OkStatus();
  }

  const std::vector<std::string>& output() const { return output_; }

 private:
  std::vector<std::string> input_;
  std::vector<std::string> output_;
  std::size_t next_ = 0;
  std::function<absl::StatusOr<std::optional<std::string>>()> at_end_;
  std::function<absl::Status(std::size_t)> on_write_;
};

}  // namespace novelo::testing
