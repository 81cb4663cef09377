// client/cli/line_reader.h
// Lines of a file descriptor, in a way that another thread can end: a call that is over must not wait for the next line
// somebody types. Tested in tests/unit/client/line_reader_test.cc.
#ifndef NOVELO_CLIENT_CLI_LINE_READER_H_
#define NOVELO_CLIENT_CLI_LINE_READER_H_

#include <cstddef>
#include <optional>
#include <string>

#include "absl/status/statusor.h"

namespace novelo::cli {

// Longest text taken from a file or from stdin for one message.
inline constexpr std::size_t kInputBytesMax = 256 << 20;

class LineReader {
 public:
  explicit LineReader(int fd);
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  // The next line without its end; nullopt at the end of the file and after stop(). One thread. kResourceExhausted
  // names the limit of a line that is too long.
  absl::StatusOr<std::optional<std::string>> next();
  // Ends a next() that waits, and every later one. Any thread.
  void stop();

 private:
  int fd_;
  int stop_fd_;
  std::string buffer_;       // what was read and is not yet a line
  std::size_t scanned_ = 0;  // bytes of buffer_ known to hold no line feed
  bool is_at_end_ = false;
};

// A whole file, "-" being `in_fd`. kNotFound and the like name the file; kResourceExhausted its limit.
absl::StatusOr<std::string> read_file(const std::string& path, int in_fd);

}  // namespace novelo::cli

#endif  // NOVELO_CLIENT_CLI_LINE_READER_H_
