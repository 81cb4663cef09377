// One message is one line, in words or as one JSON object's members.
#include "export/log.h"

#include <gtest/gtest.h>

namespace novelo::daemon {
namespace {

TEST(Log, TextQuotesWhatCouldBeSeveralWords) {
  EXPECT_EQ(log_line("text", "ready", {{"a", "1"}, {"b", "two words"}, {"c", ""}}), "ready a=1 b=\"two words\" c=\"\"");
}

TEST(Log, AMessageOfSeveralLinesStaysOneLine) {
  EXPECT_EQ(log_line("text", "a\nb", {{"c", "d\ne"}}), "a b c=\"d\\u000ae\"");
}

TEST(Log, JsonEscapesWhatJsonMustNotHold) {
  EXPECT_EQ(log_line("json", "say \"hi\"\n", {{"path", "a\\b"}}), R"("message":"say \"hi\"\u000a","path":"a\\b")");
}

}  // namespace
}  // namespace novelo::daemon
