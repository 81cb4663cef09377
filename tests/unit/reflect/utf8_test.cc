// What is UTF-8 and what is not, by the table of well-formed sequences.
#include "reflect/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace novelo::reflect {
namespace {

TEST(Utf8, AcceptsEveryLengthOfSequence) {
  for (const char* text : {"", "a", "plain text of more than eight bytes", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80",
                           "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(is_utf8(text)) << text;
  }
}

TEST(Utf8, RefusesWhatIsNotWellFormed) {
  for (const char* text : {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
                           "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xc2", "\xe2\x82", "\xf0\x9f\xa7", "\xc2 ",
                           "\xe2\x82 ", "12345678\xff", "1234567\xff"}) {
    EXPECT_FALSE(is_utf8(text)) << text;
  }
}

TEST(Utf8, AcceptsNulBytes) {
  EXPECT_TRUE(is_utf8(std::string("a\0b", 3)));
}

}  // namespace
}  // namespace novelo::reflect
