// A mistyped name gets the one that was meant, and only when one is near.
#include "nearest.h"

#include <gtest/gtest.h>

#include <array>

namespace novelo::daemon {
namespace {

constexpr std::array<std::string_view, 3> kNames = {"text.word_count", "text.grep", "bench.sieve"};

TEST(Nearest, SwappedLettersAreOneEdit) {
  EXPECT_EQ(nearest("text.word_cuont", kNames), "text.word_count");
}

TEST(Nearest, CaseDoesNotCount) {
  EXPECT_EQ(nearest("TEXT.GREP", kNames), "text.grep");
}

TEST(Nearest, AWordLikeNoneGetsNone) {
  EXPECT_EQ(nearest("zzzzzz", kNames), "");
  EXPECT_EQ(suggestion("zzzzzz", kNames), "");
}

TEST(Nearest, NoChoicesGiveNone) {
  EXPECT_EQ(nearest("text.grep", {}), "");
}

TEST(Nearest, SuggestionEndsASentence) {
  EXPECT_EQ(suggestion("text.grpe", kNames), "; did you mean \"text.grep\"?");
}

}  // namespace
}  // namespace novelo::daemon
