// daemon/tasks/line_reader.h
// The lines of a file, one at a time.
//
//   used by     text.grep, on one goroutine; parks while the disk works
//   limits      a line is cut after kLineBytesMax bytes; the rest of it is passed over
//   checked by  tests/unit/tasks/file_tree_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "tasks/file_tree.h"

namespace text {

inline constexpr std::size_t kLineBytesMax = std::size_t{1} << 20;

class LineReader {
 public:
  explicit LineReader(FileReader file) : file_(std::move(file)), buffer_(kReadBytes) {}

  // The next line without its end; nullopt after the last. Valid until the next call.
  absl::StatusOr<std::optional<std::string_view>> next();

  std::int64_t line_number() const { return line_number_; }  // of the line last returned, from 1

  // True when the first piece of the file holds a NUL byte, as text does not. Reads that piece.
  absl::StatusOr<bool> looks_binary();

 private:
  absl::Status fill();

  FileReader file_;
  std::vector<char> buffer_;
  std::string_view ready_;  // of buffer_: read and not yet returned
  std::string line_;        // a line that began in an earlier piece
  std::int64_t line_number_ = 0;
  bool is_at_end_ = false;
};

}  // namespace text
