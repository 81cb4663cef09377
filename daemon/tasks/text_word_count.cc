// text.word_count: one goroutine walks the tree, one a processor counts, one merges; files go through a channel, so
// that the walker is never more than kFilesAhead files ahead and an error of any of them ends all.
#include <novelo/novelo.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "tasks/file_tree.h"
#include "tasks/word_scanner.h"

namespace text {

inline constexpr int kCountersMax = 64;

struct WordCountRequest {
  std::string path;
  std::int32_t top = 10;
};

struct WordCount {
  std::string word;
  std::int64_t count;
};

struct WordCountReply {
  std::vector<WordCount> words;
  std::int64_t files = 0;
  std::int64_t bytes = 0;
  std::int64_t total_words = 0;
  std::int64_t distinct_words = 0;
};

namespace {

// What one counter found.
struct Share {
  WordScanner scanner;
  std::int64_t files = 0;
  std::int64_t bytes = 0;
};

absl::Status count_file(const std::string& path, std::vector<char>& buffer, Share& share) {
  absl::StatusOr<FileReader> file = FileReader::open(path);
  if (!file.ok()) return file.status();
  ++share.files;
  while (true) {
    const absl::StatusOr<std::size_t> count = file->read(buffer);
    if (!count.ok()) return count.status();
    if (*count == 0) return share.scanner.end_file();
    share.bytes += static_cast<std::int64_t>(*count);
    if (absl::Status status = share.scanner.add({buffer.data(), *count}); !status.ok()) {
      return absl::Status(status.code(), absl::StrCat("in `", path, "`: ", status.message()));
    }
  }
}

absl::Status count_files(const novelo::RecvChan<std::string>& files,
                         const novelo::SendChan<std::unique_ptr<Share>>& shares) {
  auto share = std::make_unique<Share>();
  std::vector<char> buffer(kReadBytes);
  for (const std::string& path : files) {
    if (absl::Status status = count_file(path, buffer, *share); !status.ok()) return status;
  }
  shares.send(std::move(share));
  return absl::OkStatus();
}

absl::Status merge_shares(const novelo::RecvChan<std::unique_ptr<Share>>& shares, int counters, Share& whole) {
  for (int i = 0; i < counters; ++i) {
    std::unique_ptr<Share> share = std::move(*shares.recv());
    whole.files += share->files;
    whole.bytes += share->bytes;
    if (absl::Status status = whole.scanner.merge(std::move(share->scanner)); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<WordCountReply> word_count(const WordCountRequest& request) {
  if (request.top < 1 || request.top > static_cast<std::int64_t>(kDistinctWordsMax)) {
    return absl::InvalidArgumentError(
        absl::StrCat("top is ", request.top, "; it must be from 1 to ", kDistinctWordsMax));
  }
  const int counters = std::min(novelo::max_procs(), kCountersMax);
  const auto files = novelo::make_chan<std::string>(kFilesAhead);
  const auto shares = novelo::make_chan<std::unique_ptr<Share>>();
  Share whole;
  novelo::Scope scope;
  scope.go([&] {
    absl::Status status = walk_files(request.path, files);
    if (status.ok()) files.close();
    return status;
  });
  for (int i = 0; i < counters; ++i) scope.go([&] { return count_files(files, shares); });
  scope.go([&] { return merge_shares(shares, counters, whole); });
  if (absl::Status status = scope.wait(); !status.ok()) return status;

  WordCountReply reply;
  reply.files = whole.files;
  reply.bytes = whole.bytes;
  reply.total_words = whole.scanner.words();
  reply.distinct_words = static_cast<std::int64_t>(whole.scanner.distinct_words());
  for (WordScanner::Counted& counted : whole.scanner.take_top(static_cast<std::size_t>(request.top))) {
    reply.words.push_back({std::move(counted.word), counted.count});
  }
  return reply;
}

}  // namespace text

NOVELO_TASK(
    text::word_count,
    "Counts the words of a file or of all files of a tree. A word is a run of ASCII letters; upper and lower case are "
    "the same.");
NOVELO_FIELD_DOC(text::WordCountRequest, path,
                 "File or directory to read. Symbolic links inside a directory are not followed.");
NOVELO_FIELD_DOC(text::WordCountRequest, top, "How many words to return, from 1 to 5000000.");
NOVELO_FIELD_DOC(text::WordCount, word, "In lower case.");
NOVELO_FIELD_DOC(text::WordCount, count, "How often it came.");
NOVELO_FIELD_DOC(text::WordCountReply, words, "The most frequent words, by count, then by the alphabet.");
NOVELO_FIELD_DOC(text::WordCountReply, files, "How many files were read.");
NOVELO_FIELD_DOC(text::WordCountReply, bytes, "How many bytes they have.");
NOVELO_FIELD_DOC(text::WordCountReply, total_words, "How many words they have.");
NOVELO_FIELD_DOC(text::WordCountReply, distinct_words, "How many different ones.");
