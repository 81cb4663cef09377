// The word rule, and counting by it.
#include "tasks/word_scanner.h"

#include <gtest/gtest.h>

#include <string>

namespace text {
namespace {

void add(WordScanner& scanner, std::string piece) {
  ASSERT_TRUE(scanner.add(piece).ok());
}

std::string top(WordScanner& scanner, std::size_t most = 100) {
  std::string list;
  for (const auto& [word, count] : scanner.take_top(most)) list += word + "=" + std::to_string(count) + " ";
  return list;
}

TEST(WordScanner, TakesRunsOfAsciiLettersInLowerCase) {
  WordScanner scanner;
  add(scanner, "It's 2 o'CLOCK, it\nis; caf\xc3\xa9_A-B");
  ASSERT_TRUE(scanner.end_file().ok());
  EXPECT_EQ(scanner.words(), 9);
  EXPECT_EQ(top(scanner), "it=2 a=1 b=1 caf=1 clock=1 is=1 o=1 s=1 ");
}

TEST(WordScanner, JoinsAWordThatIsSplitBetweenPieces) {
  WordScanner scanner;
  for (const char* piece : {"wo", "R", "d wor", "", "d"}) add(scanner, piece);
  ASSERT_TRUE(scanner.end_file().ok());
  EXPECT_EQ(top(scanner), "word=2 ");
}

TEST(WordScanner, EndsAWordWithItsFile) {
  WordScanner scanner;
  add(scanner, "one");
  ASSERT_TRUE(scanner.end_file().ok());
  add(scanner, "two");
  ASSERT_TRUE(scanner.end_file().ok());
  EXPECT_EQ(top(scanner), "one=1 two=1 ");
}

TEST(WordScanner, OrdersByCountDownThenByWordUp) {
  WordScanner scanner;
  add(scanner, "b a c b a d c b ");
  EXPECT_EQ(top(scanner, 3), "b=3 a=2 c=2 ");
}

TEST(WordScanner, MergesCounts) {
  WordScanner small;
  WordScanner large;
  add(small, "a ");
  add(large, "a b c a ");
  ASSERT_TRUE(small.merge(std::move(large)).ok());
  EXPECT_EQ(small.words(), 5);
  EXPECT_EQ(small.distinct_words(), 3u);
  EXPECT_EQ(top(small), "a=3 b=1 c=1 ");
}

TEST(WordScanner, RefusesAWordLongerThanTheLimit) {
  WordScanner scanner;
  std::string piece(kWordBytesMax, 'a');
  ASSERT_TRUE(scanner.add(piece).ok());
  std::string more = "a";
  const absl::Status status = scanner.add(more);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(status.message(), "a word has more than 1048576 letters");
}

}  // namespace
}  // namespace text
