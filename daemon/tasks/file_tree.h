// daemon/tasks/file_tree.h
// Regular files under a path, and reading them, without holding a processor while the disk works.
//
//   used by     text.word_count, text.grep; from goroutines
//   may         park: every call into the file system runs in novelo::blocking(), and so leaves by Cancelled before it
//   errors      the status of errno, naming the file: kNotFound, kPermissionDenied, kInvalidArgument for a path that is
//               neither a file nor a directory
//   checked by  tests/unit/tasks/file_tree_test.cc
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "novelo/chan.h"

namespace text {

inline constexpr std::size_t kReadBytes = std::size_t{64} << 10;  // of one read: what a cancelled task still waits for
inline constexpr std::int64_t kFilesAhead = 64;                   // found and not yet read

// Sends the path of `path` itself, if it is a file, or of each regular file under it: in each directory its files by
// name, then its directories by name. Symbolic links under it are not followed, `path` itself is. What disappears
// meanwhile is passed over.
absl::Status walk_files(const std::string& path, const novelo::SendChan<std::string>& files);

// One open file, closed at the end of its life.
class FileReader {
 public:
  // Something that was replaced by a thing that is no regular file reads as empty; so does a file that is gone.
  static absl::StatusOr<FileReader> open(const std::string& path);

  FileReader(FileReader&& other) noexcept : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}
  FileReader& operator=(FileReader&&) = delete;
  ~FileReader();

  // How many bytes came; 0 at the end.
  absl::StatusOr<std::size_t> read(std::span<char> buffer);

 private:
  FileReader(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}

  std::string path_;
  int fd_;  // -1: nothing to read
};

}  // namespace text
