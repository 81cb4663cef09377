// Words are lowered in place and looked up without a copy; only a new word and one that spans two pieces are copied.
#include "tasks/word_scanner.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"

namespace text {
namespace {

// The lower-case letter of each byte; 0 for what is none.
constexpr std::array<char, 256> make_letters() {
  std::array<char, 256> letters{};
  for (int c = 'a'; c <= 'z'; ++c) {
    letters[static_cast<std::size_t>(c)] = static_cast<char>(c);
    letters[static_cast<std::size_t>(c) - 'a' + 'A'] = static_cast<char>(c);
  }
  return letters;
}
constexpr std::array<char, 256> kLetters = make_letters();

char letter(char c) {
  return kLetters[static_cast<unsigned char>(c)];
}

}  // namespace

absl::Status WordScanner::add(std::span<char> piece) {
  std::size_t at = 0;
  while (at < piece.size()) {
    const std::size_t start = at;
    while (at < piece.size() && letter(piece[at]) != 0) {
      piece[at] = letter(piece[at]);
      ++at;
    }
    const absl::string_view run(piece.data() + start, at - start);
    if (begun_.size() + run.size() > kWordBytesMax) {
      return absl::ResourceExhaustedError(absl::StrCat("a word has more than ", kWordBytesMax, " letters"));
    }
    if (at == piece.size()) {
      begun_.append(run.data(), run.size());
      break;
    }
    if (!begun_.empty()) {
      begun_.append(run.data(), run.size());
      if (absl::Status status = end_file(); !status.ok()) return status;
    } else if (!run.empty()) {
      if (absl::Status status = count(run, 1); !status.ok()) return status;
    }
    ++at;
  }
  return absl::OkStatus();
}

absl::Status WordScanner::end_file() {
  if (begun_.empty()) return absl::OkStatus();
  const absl::Status status = count(begun_, 1);
  begun_.clear();
  return status;
}

absl::Status WordScanner::merge(WordScanner other) {
  if (other.counts_.size() > counts_.size()) {  // the smaller one is the one to walk
    std::swap(counts_, other.counts_);
    std::swap(words_, other.words_);
  }
  for (const auto& [word, times] : other.counts_) {
    if (absl::Status status = count(word, times); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status WordScanner::count(absl::string_view word, std::int64_t times) {
  words_ += times;
  const auto found = counts_.find(word);
  if (found != counts_.end()) {
    found->second += times;
    return absl::OkStatus();
  }
  if (counts_.size() == kDistinctWordsMax) {
    return absl::ResourceExhaustedError(
        absl::StrCat("there are more than ", kDistinctWordsMax, " different words; count fewer files at a time"));
  }
  counts_.emplace(word, times);
  return absl::OkStatus();
}

std::vector<WordScanner::Counted> WordScanner::take_top(std::size_t most) {
  std::vector<Counted> all;
  all.reserve(counts_.size());
  for (auto& [word, times] : counts_) all.push_back({word, times});
  counts_.clear();
  const auto middle = all.begin() + static_cast<std::ptrdiff_t>(std::min(most, all.size()));
  std::partial_sort(all.begin(), middle, all.end(), [](const Counted& a, const Counted& b) {
    return a.count != b.count ? a.count > b.count : a.word < b.word;
  });
  all.erase(middle, all.end());
  return all;
}

}  // namespace text
