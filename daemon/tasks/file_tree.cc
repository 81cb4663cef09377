// A stack of directories still to list, not recursion: the depth of a tree costs no stack. Each directory is listed in
// one blocking section and closed again, so that a walker that waits for its readers holds no descriptor.
#include "tasks/file_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "absl/strings/str_cat.h"
#include "novelo/go.h"

namespace text {
namespace {

enum class EntryKind { kFile, kDirectory, kOther };

struct Entry {
  std::string name;
  EntryKind kind;
};

struct Listing {
  int error = 0;
  std::vector<Entry> entries;
};

EntryKind kind_of(mode_t mode) {
  if (S_ISREG(mode)) return EntryKind::kFile;
  return S_ISDIR(mode) ? EntryKind::kDirectory : EntryKind::kOther;
}

// Some file systems tell the kind with the name; the others are asked.
EntryKind kind_of(DIR* directory, const dirent& entry) {
  if (entry.d_type == DT_REG) return EntryKind::kFile;
  if (entry.d_type == DT_DIR) return EntryKind::kDirectory;
  if (entry.d_type != DT_UNKNOWN) return EntryKind::kOther;
  const int fd = dirfd(directory);
  struct stat info;
  if (fd < 0 || fstatat(fd, entry.d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) return EntryKind::kOther;
  return kind_of(info.st_mode);
}

Listing list_directory(const std::string& path) {
  Listing listing;
  DIR* directory = opendir(path.c_str());
  if (directory == nullptr) {
    listing.error = errno;
    return listing;
  }
  errno = 0;
  while (const dirent* entry = readdir(directory)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") listing.entries.push_back({name, kind_of(directory, *entry)});
    errno = 0;
  }
  listing.error = errno;
  closedir(directory);
  std::sort(listing.entries.begin(), listing.entries.end(),
            [](const Entry& a, const Entry& b) { return a.name < b.name; });
  return listing;
}

struct PathInfo {
  int error;
  EntryKind kind;
};

PathInfo look_at(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return {errno, EntryKind::kOther};
  return {0, kind_of(info.st_mode)};
}

std::string join(const std::string& directory, const std::string& name) {
  return directory.ends_with('/') ? directory + name : absl::StrCat(directory, "/", name);
}

absl::Status walk_tree(const std::string& root, const novelo::SendChan<std::string>& files) {
  std::vector<std::string> directories = {root};
  while (!directories.empty()) {
    const std::string directory = std::move(directories.back());
    directories.pop_back();
    const Listing listing = novelo::blocking([&] { return list_directory(directory); });
    const bool is_gone = listing.error == ENOENT && directory != root;
    if (listing.error != 0 && !is_gone) {
      return absl::ErrnoToStatus(listing.error, absl::StrCat("cannot list the directory `", directory, "`"));
    }
    for (const Entry& entry : listing.entries) {
      if (entry.kind == EntryKind::kFile) files.send(join(directory, entry.name));
    }
    // The last one pushed is the next one taken.
    for (auto entry = listing.entries.rbegin(); entry != listing.entries.rend(); ++entry) {
      if (entry->kind == EntryKind::kDirectory) directories.push_back(join(directory, entry->name));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status walk_files(const std::string& path, const novelo::SendChan<std::string>& files) {
  if (path.empty()) return absl::InvalidArgumentError("path is empty; name a file or a directory");
  const PathInfo info = novelo::blocking([&] { return look_at(path); });
  if (info.error != 0) return absl::ErrnoToStatus(info.error, absl::StrCat("cannot read `", path, "`"));
  switch (info.kind) {
    case EntryKind::kFile:
      files.send(path);
      return absl::OkStatus();
    case EntryKind::kDirectory:
      return walk_tree(path, files);
    case EntryKind::kOther:
      break;
  }
  return absl::InvalidArgumentError(absl::StrCat("`", path, "` is neither a file nor a directory"));
}

absl::StatusOr<FileReader> FileReader::open(const std::string& path) {
  struct Opened {
    int fd;
    int error;
  };
  const Opened opened = novelo::blocking([&]() -> Opened {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // does not wait for a pipe's other end
    if (fd < 0) return {-1, errno == ENOENT ? 0 : errno};
    struct stat info;
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode)) return {fd, 0};
    ::close(fd);
    return {-1, 0};
  });
  if (opened.error != 0) return absl::ErrnoToStatus(opened.error, absl::StrCat("cannot open `", path, "`"));
  return FileReader(path, opened.fd);
}

FileReader::~FileReader() {
  if (fd_ >= 0) ::close(fd_);
}

absl::StatusOr<std::size_t> FileReader::read(std::span<char> buffer) {
  if (fd_ < 0) return 0;
  int error = 0;
  const ssize_t count = novelo::blocking([&] {
    ssize_t n;
    do {
      n = ::read(fd_, buffer.data(), buffer.size());
    } while (n < 0 && errno == EINTR);
    error = errno;
    return n;
  });
  if (count < 0) return absl::ErrnoToStatus(error, absl::StrCat("cannot read `", path_, "`"));
  return static_cast<std::size_t>(count);
}

}  // namespace text
