// A line inside one piece is returned where it lies; only one that goes on in the next piece is copied together.
#include "tasks/line_reader.h"

#include <algorithm>

namespace text {

absl::Status LineReader::fill() {
  if (!ready_.empty() || is_at_end_) return absl::OkStatus();
  const absl::StatusOr<std::size_t> count = file_.read(buffer_);
  if (!count.ok()) return count.status();
  ready_ = {buffer_.data(), *count};
  is_at_end_ = *count == 0;
  return absl::OkStatus();
}

absl::StatusOr<bool> LineReader::looks_binary() {
  if (absl::Status status = fill(); !status.ok()) return status;
  return ready_.find('\0') != std::string_view::npos;
}

absl::StatusOr<std::optional<std::string_view>> LineReader::next() {
  line_.clear();
  bool has_begun = false;
  while (true) {
    if (absl::Status status = fill(); !status.ok()) return status;
    if (is_at_end_) break;
    const std::size_t end = ready_.find('\n');
    const std::string_view piece = ready_.substr(0, std::min(end, ready_.size()));
    ready_.remove_prefix(end == std::string_view::npos ? ready_.size() : end + 1);
    if (!has_begun && end != std::string_view::npos) {
      ++line_number_;
      return piece;
    }
    has_begun = true;
    line_.append(piece.substr(0, kLineBytesMax - line_.size()));
    if (end != std::string_view::npos) break;
  }
  if (!has_begun) return std::nullopt;
  ++line_number_;
  return line_;
}

}  // namespace text
