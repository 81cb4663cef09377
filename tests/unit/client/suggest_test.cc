// tests/unit/client/suggest_test.cc
#include "suggest.h"

#include <gtest/gtest.h>

namespace novelo::cli {
namespace {

TEST(Suggest, ASwapOfNeighboursIsOneStep) {
  EXPECT_EQ(edit_distance("sumbit", "submit"), 1u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
}

TEST(Suggest, CaseAndUnderscoresDoNotCount) {
  EXPECT_EQ(edit_distance("Line_Number", "line-number"), 0u);
}

TEST(Suggest, TheNearestOfSeveralIsChosen) {
  EXPECT_EQ(nearest("lsit", {"get", "list", "wait"}), "list");
  EXPECT_EQ(nearest("wat", {"wait", "watch"}), "wait");
}

TEST(Suggest, ABeginningIsNear) {
  EXPECT_EQ(nearest("desc", {"list", "describe"}), "describe");
}

TEST(Suggest, NothingIsSuggestedForAWordUnlikeAll) {
  EXPECT_EQ(nearest("banana", {"list", "get"}), std::nullopt);
  EXPECT_EQ(did_you_mean("banana", {"list"}, "", "."), ".");
  EXPECT_EQ(did_you_mean("lst", {"list"}, "--"), "; did you mean --list?");
}

}  // namespace
}  // namespace novelo::cli
