// tests/unit/client/reply_view_test.cc
#include "reply_view.h"

#include <gtest/gtest.h>

#include <sstream>

#include "message_json.h"
#include "print.h"
#include "sample_task.h"

namespace novelo::cli {
namespace {

std::string shown(const google::protobuf::Message& message) {
  std::ostringstream out;
  print_table(reply_view(message), {}, out);
  return out.str();
}

std::string reply(const std::string& json) {
  const auto schema = novelo::testing::sample_schema();
  const auto message = schema->new_output();
  EXPECT_TRUE(client::merge_json(json, message.get()).ok());
  return shown(*message);
}

std::string input(const std::string& json) {
  const auto schema = novelo::testing::sample_schema();
  const auto message = schema->new_input();
  EXPECT_TRUE(client::merge_json(json, message.get()).ok());
  return shown(*message);
}

TEST(ReplyView, ARepeatedMessageIsATableAndTheRestAreLines) {
  EXPECT_EQ(reply(R"({"words": [{"word": "the", "count": 2893}, {"word": "of", "count": 17}], "files": 4})"),
            "WORD  COUNT\n"
            "the    2893\n"
            "of       17\n"
            "\n"
            "files:  4\n");
}

TEST(ReplyView, AnEmptyTableKeepsItsHead) {
  EXPECT_EQ(reply("{}"), "WORD  COUNT\n\nfiles:  0\n");
}

TEST(ReplyView, InnerMessagesAreOpenedWithDots) {
  EXPECT_NE(reply(R"({"range": {"first": 3}})").find("range.first:    3\n"), std::string::npos);
}

TEST(ReplyView, EveryKindOfFieldHasItsWords) {
  const std::string text = input(
      R"({"path": "/etc", "skip": ["a", "b"], "weight": {"k": 5}, "order": "BY_WORD", "patience": "1.5s",
          "since": "2026-11-25T10:00:00.250Z", "salt": "YWJj", "ratio": 0.5, "deep": true})");
  for (const char* line :
       {"path:      /etc\n", "skip:      a,b\n", "weight:    k=5\n", "order:     BY_WORD\n", "patience:  1.5s\n",
        "since:     2026-11-25T10:00:00.25Z\n", "salt:      YWJj\n", "deep:      true\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << "in\n" << text;
  }
  EXPECT_EQ(text.find("top:"), std::string::npos);  // absent
}

TEST(ReplyView, AMessageInACellIsJson) {
  EXPECT_NE(input(R"({"ranges": [{"first": 1}], "parts": {"x": {"last": 2}}})")
                .find(R"(parts:     x={"first":0,"last":2,"is_open":false})"),
            std::string::npos);
}

TEST(ReplyView, AWrappedValueIsOneLine) {
  const auto schema = novelo::testing::sample_schema("text.upper");
  const auto message = schema->new_output();
  ASSERT_TRUE(client::merge_json("\"hello\"", message.get()).ok());
  EXPECT_EQ(shown(*message), "value:  hello\n");
}

}  // namespace
}  // namespace novelo::cli
