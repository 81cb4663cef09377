// client/cli/line_reader.cc
// poll() on the input and on an eventfd, then one read(): the input stays in blocking mode, since a terminal is shared
// with the shell.
#include "line_reader.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace novelo::cli {
namespace {

constexpr std::size_t kReadBytes = 64 << 10;

absl::Status too_long(const std::string& what) {
  return absl::ResourceExhaustedError(
      absl::StrCat(what, " is longer than ", kInputBytesMax, " bytes, the limit of one message"));
}

// Appends what one read() gives; 0 at the end of the file.
absl::StatusOr<std::size_t> read_some(int fd, std::string& buffer) {
  const std::size_t before = buffer.size();
  buffer.resize(before + kReadBytes);
  ssize_t count = 0;
  do {
    count = read(fd, buffer.data() + before, kReadBytes);
  } while (count < 0 && errno == EINTR);
  const int error = errno;
  buffer.resize(before + (count > 0 ? static_cast<std::size_t>(count) : 0));
  if (count < 0) return absl::ErrnoToStatus(error, "reading the input");
  return static_cast<std::size_t>(count);
}

}  // namespace

LineReader::LineReader(int fd) : fd_(fd), stop_fd_(eventfd(0, EFD_CLOEXEC)) {
  if (stop_fd_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

LineReader::~LineReader() {
  close(stop_fd_);
}

void LineReader::stop() {
  eventfd_write(stop_fd_, 1);
}

absl::StatusOr<std::optional<std::string>> LineReader::next() {
  while (true) {
    const std::size_t end = buffer_.find('\n', scanned_);
    if (end != std::string::npos) {
      std::string line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      scanned_ = 0;
      return line;
    }
    scanned_ = buffer_.size();
    if (buffer_.size() > kInputBytesMax) return too_long("a line of the input");
    if (is_at_end_) {
      scanned_ = 0;
      if (buffer_.empty()) return std::nullopt;
      return std::exchange(buffer_, std::string());
    }
    std::array<pollfd, 2> fds{{{fd_, POLLIN, 0}, {stop_fd_, POLLIN, 0}}};
    if (poll(fds.data(), fds.size(), -1) < 0) continue;  // a signal: look again
    if (fds[1].revents != 0) return std::nullopt;
    const absl::StatusOr<std::size_t> count = read_some(fd_, buffer_);
    if (!count.ok()) return count.status();
    is_at_end_ = *count == 0;
  }
}

absl::StatusOr<std::string> read_file(const std::string& path, int in_fd) {
  const bool is_stdin = path == "-";
  const int fd = is_stdin ? in_fd : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return absl::ErrnoToStatus(errno, path);
  const auto close_fd = absl::MakeCleanup([&] {
    if (!is_stdin) close(fd);
  });
  std::string text;
  while (true) {
    const absl::StatusOr<std::size_t> count = read_some(fd, text);
    if (!count.ok()) return absl::Status(count.status().code(), absl::StrCat(path, ": ", count.status().message()));
    if (*count == 0) return text;
    if (text.size() > kInputBytesMax) return too_long(is_stdin ? "stdin" : path);
  }
}

}  // namespace novelo::cli
