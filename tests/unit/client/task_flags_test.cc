// tests/unit/client/task_flags_test.cc
#include "task_flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "message_json.h"
#include "parse.h"
#include "sample_task.h"

namespace novelo::cli {
namespace {

using novelo::testing::sample_schema;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

// The input's JSON after the flags, or the error.
std::string apply(const std::vector<std::string>& words, const std::string& task = "text.word_count") {
  const auto schema = sample_schema(task);
  const auto input = schema->new_input();
  const absl::Status status = apply_flags(*schema, global_flags(), words, input.get());
  if (!status.ok()) return std::string(status.message());
  return client::to_json(*input, client::JsonLayout::kOneLine).value();
}

std::vector<std::string> names(const std::string& task) {
  std::vector<std::string> names;
  for (const TaskFlag& flag : task_flags(sample_schema(task)->input(), global_flags())) names.push_back(flag.name);
  return names;
}

TEST(TaskFlags, DashesUnderscoresAndJsonNamesAreOneField) {
  for (const char* name : {"--line-end", "--line_end", "--lineEnd", "--input.line-end"}) {
    EXPECT_THAT(apply({name, "x"}), HasSubstr(R"("line_end":"x")")) << name;
  }
}

TEST(TaskFlags, DotsOpenMessages) {
  EXPECT_THAT(apply({"--range.first", "3", "--range.last=4"}), HasSubstr(R"("range":{"first":3,"last":4)"));
  EXPECT_THAT(apply({"--range", R"({"last": 9})", "--range.first", "3"}), HasSubstr(R"("range":{"first":3,"last":9)"));
}

TEST(TaskFlags, BoolsAreSwitches) {
  EXPECT_THAT(apply({"--deep"}), HasSubstr(R"("deep":true)"));
  EXPECT_THAT(apply({"--deep", "false"}), HasSubstr(R"("deep":false)"));
  EXPECT_THAT(apply({"--deep=false"}), HasSubstr(R"("deep":false)"));
  EXPECT_THAT(apply({"--no-deep"}), HasSubstr(R"("deep":false)"));
  EXPECT_THAT(apply({"--range.no-is-open"}), HasSubstr(R"("is_open":false)"));
  EXPECT_THAT(apply({"--no-path"}), HasSubstr("only a bool can be negated, and --path is text"));
  EXPECT_THAT(apply({"--no-deep=1"}), HasSubstr("takes no value"));
}

TEST(TaskFlags, AnUnknownFieldIsAnsweredWithTheNearestAndAll) {
  const std::string error = apply({"--pth", "x"});
  EXPECT_THAT(error, HasSubstr("text.word_count has no field for --pth; did you mean --path?"));
  EXPECT_THAT(error, HasSubstr("--top INT32"));
  EXPECT_THAT(apply({"--range.frist", "1"}), HasSubstr("did you mean --range.first?"));
}

TEST(TaskFlags, AWrongTypeNamesFieldAndType) {
  EXPECT_THAT(apply({"--top", "five"}), HasSubstr("--top: \"five\" is not a whole number"));
}

TEST(TaskFlags, AMissingValueSaysWhatIsMissing) {
  EXPECT_THAT(apply({"--top"}), HasSubstr("--top needs a value: a whole number"));
  EXPECT_THAT(apply({"--path", "--top", "5"}), HasSubstr("--path needs a value"));
}

TEST(TaskFlags, ASingularFieldIsGivenOnce) {
  EXPECT_THAT(apply({"--top", "1", "--top", "2"}), HasSubstr("given twice"));
}

TEST(TaskFlags, AWordWithoutAFlagIsAnError) {
  EXPECT_THAT(apply({"--deep", "/etc"}), HasSubstr("\"/etc\" belongs to no flag"));
}

TEST(TaskFlags, AMessageThatHoldsItselfIsOpenedOnce) {
  EXPECT_THAT(names("text.word_count"), Contains("tree.left"));
  EXPECT_THAT(names("text.word_count"), Not(Contains("tree.left.name")));
  EXPECT_THAT(apply({"--tree.left", R"({"left": {"name": "x"}})"}), HasSubstr(R"("name":"x")"));
}

TEST(TaskFlags, AFieldNamedLikeAFlagOfNoveloHasAPrefix) {
  EXPECT_THAT(names("net.dial"), ::testing::ElementsAre("input.address", "input.timeout", "wait"));
  EXPECT_THAT(apply({"--input.address", "a:1"}, "net.dial"), HasSubstr(R"("address":"a:1")"));
}

TEST(TaskFlags, AFlagThatMayBeEitherIsRefused) {
  Arguments arguments;
  arguments.late = {"address"};
  const absl::Status status = check_ambiguous(*sample_schema("net.dial"), arguments);
  EXPECT_THAT(std::string(status.message()), HasSubstr("write --input.address for the field"));
  EXPECT_TRUE(check_ambiguous(*sample_schema("text.word_count"), arguments).ok());
}

TEST(TaskFlags, DocsComeFromTheTaskOrFromTheComments) {
  const auto schema = sample_schema();
  const auto flags = task_flags(schema->input(), global_flags());
  std::map<std::string, std::string> docs;
  for (const TaskFlag& flag : flags) docs[flag.name] = flag_doc(*schema, flag);
  EXPECT_EQ(docs["top"], "How many words (default 10)");
  EXPECT_EQ(docs["range.first"], "The first line");
  EXPECT_EQ(docs["skip"], "");
}

}  // namespace
}  // namespace novelo::cli
