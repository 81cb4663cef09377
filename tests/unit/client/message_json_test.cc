// tests/unit/client/message_json_test.cc
#include "message_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sample_task.h"

namespace novelo::client {
namespace {

using novelo::testing::sample_schema;
using ::testing::HasSubstr;

TEST(MessageJson, ZeroValuesAreWrittenAndAbsentOnesAreNot) {
  const auto schema = sample_schema();
  const std::string json = to_json(*schema->new_input(), JsonLayout::kOneLine).value();
  EXPECT_THAT(json, HasSubstr(R"("path":"")"));
  EXPECT_THAT(json, HasSubstr(R"("line_end":"")"));
  EXPECT_THAT(json, Not(HasSubstr("top")));
}

TEST(MessageJson, SixtyFourBitIntegersAreStrings) {
  const auto schema = sample_schema();
  const auto reply = schema->new_output();
  ASSERT_TRUE(merge_json(R"({"words": [{"word": "a", "count": 9007199254740993}]})", reply.get()).ok());
  EXPECT_THAT(to_json(*reply, JsonLayout::kOneLine).value(), HasSubstr(R"("count":"9007199254740993")"));
}

TEST(MessageJson, BothSpellingsOfANameAreRead) {
  const auto schema = sample_schema();
  const auto input = schema->new_input();
  ASSERT_TRUE(merge_json(R"({"lineEnd": "x"})", input.get()).ok());
  ASSERT_TRUE(merge_json(R"({"line_end": "y"})", input.get()).ok());
  EXPECT_THAT(to_json(*input, JsonLayout::kOneLine).value(), HasSubstr(R"("line_end":"y")"));
}

TEST(MessageJson, AWrappedValueMayBeWrittenBare) {
  const auto schema = sample_schema("text.sum");
  const auto input = schema->new_input();
  ASSERT_TRUE(merge_json("42", input.get()).ok());
  EXPECT_EQ(to_json(*input, JsonLayout::kOneLine).value(), R"({"value":"42"})");
}

TEST(MessageJson, ABadFieldIsNamedAndChangesNothing) {
  const auto schema = sample_schema();
  const auto input = schema->new_input();
  const absl::Status unknown = merge_json(R"({"path": "x", "tpo": 5})", input.get());
  EXPECT_EQ(unknown.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(unknown.message()), HasSubstr("there is no field \"tpo\", only: path, top, skip"));
  const absl::Status wrong = merge_json(R"({"range": {"first": "many"}})", input.get());
  EXPECT_THAT(std::string(wrong.message()), HasSubstr("range.first: \"many\" is no int32"));
  EXPECT_EQ(input->ByteSizeLong(), 0u);
}

TEST(MessageJson, AnInnerFieldThatIsNotThereIsNamedWithItsPath) {
  const auto schema = sample_schema();
  const absl::Status inner = merge_json(R"({"range": {"frist": 1}})", schema->new_input().get());
  EXPECT_THAT(std::string(inner.message()), HasSubstr("there is no field \"range.frist\", only: first, last, is_open"));
  const absl::Status element = merge_json(R"({"ranges": [{}, {"frist": 1}]})", schema->new_input().get());
  EXPECT_THAT(std::string(element.message()), HasSubstr("frist"));
}

TEST(MessageJson, BrokenTextIsAnError) {
  const auto schema = sample_schema();
  for (const char* bad : {"", "{", "[1]", "null x", "{\"path\": }"}) {
    EXPECT_FALSE(merge_json(bad, schema->new_input().get()).ok()) << bad;
  }
}

}  // namespace
}  // namespace novelo::client
