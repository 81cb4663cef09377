// What becomes of bytes that are not UTF-8.
#include "tasks/printable.h"

#include <gtest/gtest.h>

namespace text {
namespace {

TEST(Printable, LeavesUtf8Alone) {
  EXPECT_EQ(printable("a caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\xa7\xb6"), "a caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\xa7\xb6");
  EXPECT_EQ(printable(""), "");
}

TEST(Printable, ReplacesEachByteThatIsNotPartOfUtf8) {
  EXPECT_EQ(printable("a\xff"), "a\xEF\xBF\xBD");
  EXPECT_EQ(printable("\xc3"), "\xEF\xBF\xBD") << "cut short";
  EXPECT_EQ(printable("\xc0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD") << "overlong";
  EXPECT_EQ(printable("\xed\xa0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD") << "a surrogate";
  EXPECT_EQ(printable("\xf4\x90\x80\x80z"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz") << "above U+10FFFF";
}

}  // namespace
}  // namespace text
