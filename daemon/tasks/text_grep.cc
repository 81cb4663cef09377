// text.grep: one goroutine walks the tree, this one searches file after file, so that matches come in the order of the
// tree. The channel of matches holds back the search when the client is slow, and every read and send is a place where
// a cancelled call ends.
#include <novelo/novelo.h>
#include <re2/re2.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "tasks/file_tree.h"
#include "tasks/line_reader.h"
#include "tasks/printable.h"

namespace text {

inline constexpr std::size_t kPatternBytesMax = std::size_t{64} << 10;

struct GrepRequest {
  std::string pattern;
  std::string path;
  bool ignore_case = false;
  std::int64_t max_matches = 0;
};

struct Match {
  std::string path;
  std::int64_t line_number = 0;
  std::string line;
};

namespace {

// What is left to find; finished() says that the search may stop.
class Search {
 public:
  Search(const RE2& pattern, std::int64_t max_matches, novelo::SendChan<Match> out)
      : pattern_(pattern), left_(max_matches), is_limited_(max_matches != 0), out_(std::move(out)) {}

  bool finished() const { return is_limited_ && left_ == 0; }

  absl::Status file(const std::string& path) {
    absl::StatusOr<FileReader> opened = FileReader::open(path);
    if (!opened.ok()) return opened.status();
    LineReader lines(*std::move(opened));
    const absl::StatusOr<bool> is_binary = lines.looks_binary();
    if (!is_binary.ok()) return is_binary.status();
    while (!*is_binary && !finished()) {
      const absl::StatusOr<std::optional<std::string_view>> line = lines.next();
      if (!line.ok()) return line.status();
      if (!line->has_value()) break;
      const std::string_view text = **line;
      if (!RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), pattern_)) continue;
      if (is_limited_) --left_;
      out_.send({printable(path), lines.line_number(), printable(text)});
    }
    return absl::OkStatus();
  }

 private:
  const RE2& pattern_;
  std::int64_t left_;
  const bool is_limited_;
  const novelo::SendChan<Match> out_;
};

absl::Status check(const GrepRequest& request) {
  if (request.pattern.size() > kPatternBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("pattern has ", request.pattern.size(), " bytes; at most ", kPatternBytesMax, " are allowed"));
  }
  if (request.max_matches < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("max_matches is ", request.max_matches, "; it must be 0, for all, or more"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status grep(const GrepRequest& request, novelo::SendChan<Match> out) {
  if (absl::Status status = check(request); !status.ok()) return status;
  RE2::Options options;
  options.set_log_errors(false);
  options.set_case_sensitive(!request.ignore_case);
  const RE2 pattern(request.pattern, options);
  if (!pattern.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "pattern `", request.pattern, "` is no regular expression: ", pattern.error(), " (the syntax is RE2's)"));
  }
  const auto files = novelo::make_chan<std::string>(kFilesAhead);
  absl::Status walked;
  Search search(pattern, request.max_matches, std::move(out));
  novelo::Scope scope;
  scope.go([&] {
    walked = walk_files(request.path, files);
    files.close();
  });
  for (const std::string& path : files) {
    if (absl::Status status = search.file(path); !status.ok()) return status;
    if (search.finished()) return absl::OkStatus();
  }
  if (absl::Status status = scope.wait(); !status.ok()) return status;
  return walked;
}

}  // namespace text

NOVELO_TASK(
    text::grep,
    "Finds the lines of a file or of all files of a tree that match a regular expression, and sends each as it is "
    "found. Binary files are passed over.");
NOVELO_FIELD_DOC(text::GrepRequest, pattern,
                 "Regular expression in RE2's syntax; a line matches if any part of it does.");
NOVELO_FIELD_DOC(text::GrepRequest, path,
                 "File or directory to search. Symbolic links inside a directory are not followed.");
NOVELO_FIELD_DOC(text::GrepRequest, ignore_case, "Take upper and lower case as the same.");
NOVELO_FIELD_DOC(text::GrepRequest, max_matches, "Stop after so many matches; 0 for all.");
NOVELO_FIELD_DOC(text::Match, path, "The file.");
NOVELO_FIELD_DOC(text::Match, line_number, "From 1.");
NOVELO_FIELD_DOC(text::Match, line,
                 "The line without its end, its first MiB at most; what is not UTF-8 is shown as U+FFFD.");
