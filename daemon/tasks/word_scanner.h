// daemon/tasks/word_scanner.h
// Words and how often each came. A word is a maximal run of ASCII letters, in lower case.
//
//   used by     text.word_count; one object by one goroutine at a time; never parks
//   limits      kWordBytesMax of one word, kDistinctWordsMax of different ones: kResourceExhausted, naming the limit
//   checked by  tests/unit/tasks/word_scanner_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace text {

inline constexpr std::size_t kWordBytesMax = std::size_t{1} << 20;
inline constexpr std::size_t kDistinctWordsMax = 5'000'000;

class WordScanner {
 public:
  // Reads the next piece of a file. A word may go on in the next piece. The bytes are changed.
  absl::Status add(std::span<char> piece);
  absl::Status end_file();

  // Adds the counts of another, which is then of no use.
  absl::Status merge(WordScanner other);

  struct Counted {
    std::string word;
    std::int64_t count;
  };
  // The `most` words that came most often, by count down, then by word up. Leaves the scanner empty.
  std::vector<Counted> take_top(std::size_t most);

  std::size_t distinct_words() const { return counts_.size(); }
  std::int64_t words() const { return words_; }

 private:
  absl::Status count(absl::string_view word, std::int64_t times);

  absl::flat_hash_map<std::string, std::int64_t> counts_;
  std::string begun_;  // the letters before the end of the last piece
  std::int64_t words_ = 0;
};

}  // namespace text
