// tests/unit/client/print_test.cc
#include "print.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <clocale>
#include <sstream>

#include "message_json.h"
#include "sample_task.h"

namespace novelo::cli {
namespace {

std::string table(const View& view, const PrintOptions& options = {}) {
  std::ostringstream out;
  print_table(view, options, out);
  return out.str();
}

Table words() {
  return {.columns = {{.name = "WORD"}, {.name = "COUNT", .align = Align::kRight}, {.name = "FILE", .is_wide = true}},
          .rows = {{"the", "2893", "a"}, {"of", "17", "b"}}};
}

TEST(PrintTable, ColumnsAreAsWideAsTheirWidestCell) {
  EXPECT_EQ(table({words()}), "WORD  COUNT\nthe    2893\nof       17\n");
}

TEST(PrintTable, WideShowsEveryColumn) {
  EXPECT_EQ(table({words()}, {.form = OutputForm::kWide}), "WORD  COUNT  FILE\nthe    2893  a\nof       17  b\n");
}

TEST(PrintTable, WithoutHeadersOnlyRowsAreLeft) {
  EXPECT_EQ(table({words()}, {.has_headers = false}), "the  2893\nof     17\n");
}

TEST(PrintTable, BlocksAreApartAndKeysLineUp) {
  EXPECT_EQ(table({KeyValues{{{"Name", "x"}, {"Longer", "y"}}}, Text{"z\n"}}), "Name:    x\nLonger:  y\n\nz\n");
}

TEST(PrintTable, ACellCannotMoveTheCursorOrBreakALine) {
  EXPECT_EQ(table({Table{.columns = {{.name = "LINE"}}, .rows = {{"a\nb\x1b[31m\t\xff\x80"}}}}),
            "LINE\na\\nb\\x1b[31m\\t\\xff\\x80\n");
  EXPECT_EQ(escape("\xe2\x80\xae"), "\\xe2\\x80\\xae");  // right-to-left override
}

TEST(PrintTable, WideCharactersCountTwice) {
  ASSERT_NE(std::setlocale(LC_CTYPE, "C.UTF-8"), nullptr);
  EXPECT_EQ(display_width("\xe6\x97\xa5\xe6\x9c\xac"), 4u);  // two CJK characters
  EXPECT_EQ(display_width("\xc3\xa9"), 1u);
}

TEST(PrintTable, ColourIsAskedFor) {
  EXPECT_THAT(table({words()}, {.has_color = true}), ::testing::StartsWith("\033[1mWORD"));
  EXPECT_THAT(table({words()}), ::testing::Not(::testing::HasSubstr("\033")));
}

TEST(RowPrinter, WidthsGrowWithTheRows) {
  std::ostringstream out;
  RowPrinter rows({{.name = "A"}, {.name = "B"}}, {}, out);
  rows.row({"xx", "1"});
  rows.row({"long", "2"});
  rows.row({"y", "3"});
  EXPECT_EQ(out.str(), "A   B\nxx  1\nlong  2\ny     3\n");
}

class AnswerTest : public ::testing::Test {
 protected:
  AnswerTest() {
    first_ = schema_->new_output();
    second_ = schema_->new_output();
    EXPECT_TRUE(client::merge_json(R"({"value": "a"})", first_.get()).ok());
    EXPECT_TRUE(client::merge_json(R"({"value": "b"})", second_.get()).ok());
  }
  std::string form(const Answer& answer, OutputForm form) {
    std::ostringstream out;
    const absl::Status status = print(answer, {.form = form}, out);
    return status.ok() ? out.str() : std::string(status.message());
  }

  std::shared_ptr<const client::TaskSchema> schema_ = novelo::testing::sample_schema("text.upper");
  std::unique_ptr<google::protobuf::Message> first_, second_;
};

TEST_F(AnswerTest, OneDocumentIsOneInEveryForm) {
  const Answer one{.view = {Text{"shown\n"}}, .messages = {first_.get()}, .names = {"n"}};
  EXPECT_EQ(form(one, OutputForm::kTable), "shown\n");
  EXPECT_EQ(form(one, OutputForm::kJson), "{\n \"value\": \"a\"\n}\n");
  EXPECT_EQ(form(one, OutputForm::kJsonl), "{\"value\":\"a\"}\n");
  EXPECT_EQ(form(one, OutputForm::kYaml), "value: \"a\"\n");
  EXPECT_EQ(form(one, OutputForm::kName), "n\n");
}

TEST_F(AnswerTest, AListStaysAListOfOneAndOfNone) {
  const Answer none{.is_list = true};
  EXPECT_EQ(form(none, OutputForm::kJson), "[]\n");
  EXPECT_EQ(form(none, OutputForm::kYaml), "[]\n");
  EXPECT_EQ(form(none, OutputForm::kName), "");
  const Answer two{.messages = {first_.get(), second_.get()}, .is_list = true, .names = {"n", "m"}};
  EXPECT_EQ(form(two, OutputForm::kJson), "[\n{\n \"value\": \"a\"\n},\n{\n \"value\": \"b\"\n}\n]\n");
  EXPECT_EQ(form(two, OutputForm::kYaml), "- value: \"a\"\n- value: \"b\"\n");
  EXPECT_EQ(form(two, OutputForm::kName), "n\nm\n");
}

TEST_F(AnswerTest, WhatHasNoNameSaysSo) {
  EXPECT_THAT(form({.messages = {first_.get()}}, OutputForm::kName), ::testing::HasSubstr("-o name"));
}

TEST(Yaml, NestsAsJsonDoes) {
  EXPECT_EQ(
      yaml_of_json(
          R"({"words":[{"word":"a: #","count":"1"},{"word":"b","deep":{"list":[1,[2,3]],"none":[],"nil":{}}}],"yes":true})",
          0),
      "words:\n"
      "  - word: \"a: #\"\n"
      "    count: \"1\"\n"
      "  - word: \"b\"\n"
      "    deep:\n"
      "      list:\n"
      "        - 1\n"
      "        -\n"
      "          - 2\n"
      "          - 3\n"
      "      none: []\n"
      "      \"nil\": {}\n"
      "\"yes\": true\n");
}

TEST(Yaml, StringsWithQuotesAndBackslashesEndWhereTheyEnd) {
  EXPECT_EQ(yaml_of_json(R"({"text":"a\"b\\","next":1})", 0), "text: \"a\\\"b\\\\\"\nnext: 1\n");
  EXPECT_EQ(yaml_of_json("{}", 0), "{}\n");
}

}  // namespace
}  // namespace novelo::cli
