// Optimal string alignment: the distance that counts two swapped letters, the commonest slip, as one edit.
#include "nearest.h"

#include <absl/strings/ascii.h>

#include <algorithm>
#include <vector>

namespace novelo::daemon {
namespace {

// Longer words are compared by their beginning: a name that long was not typed by hand.
constexpr std::size_t kWordMax = 128;

bool same(char a, char b) {
  return absl::ascii_tolower(static_cast<unsigned char>(a)) == absl::ascii_tolower(static_cast<unsigned char>(b));
}

// Optimal string alignment distance, three rows of the table at a time.
std::size_t distance(std::string_view a, std::string_view b) {
  a = a.substr(0, kWordMax);
  b = b.substr(0, kWordMax);
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same(a[i - 1], b[j - 1]) ? 0 : 1)});
      if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1])) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

}  // namespace

std::string_view nearest(std::string_view word, std::span<const std::string_view> choices) {
  std::string_view best;
  std::size_t best_distance = kWordMax + 1;
  for (std::string_view choice : choices.first(std::min(choices.size(), kNearestChoicesMax))) {
    const std::size_t edits = distance(word, choice);
    const std::size_t allowed = std::max<std::size_t>(1, std::max(word.size(), choice.size()) / 3);
    if (edits <= allowed && edits < best_distance) {
      best = choice;
      best_distance = edits;
    }
  }
  return best;
}

std::string suggestion(std::string_view word, std::span<const std::string_view> choices) {
  const std::string_view best = nearest(word, choices);
  if (best.empty()) return {};
  return "; did you mean \"" + std::string(best) + "\"?";
}

}  // namespace novelo::daemon
