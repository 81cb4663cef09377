// tests/unit/client/task_test.cc
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_server.h"
#include "run_novelo.h"

namespace novelo::cli {
namespace {

using novelo::testing::Outcome;
using novelo::testing::run_novelo;
using ::testing::HasSubstr;
using ::testing::Not;

class TaskTest : public ::testing::Test {
 protected:
  Outcome run(const std::vector<std::string>& words) { return run_novelo(words, {.address = server_.address()}); }
  novelo::testing::FakeServer server_;
};

TEST_F(TaskTest, ListShowsEveryPage) {
  const Outcome outcome = run({"task", "list"});
  EXPECT_EQ(outcome.code, ExitCode::kDone) << outcome.err;
  EXPECT_EQ(outcome.out,
            "NAME             KIND              DESCRIPTION\n"
            "net.dial         unary             Does net.dial.\n"
            "text.grep        server streaming  Does text.grep.\n"
            "text.sum         client streaming  Does text.sum.\n"
            "text.upper       bidi streaming    Does text.upper.\n"
            "text.word_count  unary             Does text.word_count.\n");
}

TEST_F(TaskTest, ListTakesAPrefixAndEveryForm) {
  EXPECT_EQ(run({"task", "list", "text.", "-o", "name"}).out, "text.grep\ntext.sum\ntext.upper\ntext.word_count\n");
  EXPECT_THAT(run({"task", "list", "-o", "wide", "--no-headers"}).out,
              HasSubstr("/text.Tasks/WordCount  builtin  1.2.3"));
  EXPECT_THAT(run({"task", "list", "-o", "json"}).out, HasSubstr("\"name\": \"text.word_count\""));
  EXPECT_THAT(run({"task", "list", "net", "-o", "yaml"}).out, HasSubstr("- name: \"net.dial\"\n"));
}

TEST_F(TaskTest, AnEmptyListIsNoErrorAndSaysSoAside) {
  const Outcome outcome = run({"task", "list", "zzz"});
  EXPECT_EQ(outcome.code, ExitCode::kDone);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, HasSubstr("no task begins with \"zzz\""));
  EXPECT_EQ(run({"task", "list", "zzz", "-o", "json"}).out, "[]\n");
  EXPECT_EQ(run({"task", "list", "zzz", "-q"}).err, "");
}

TEST_F(TaskTest, DescribeShowsFieldsWithTypesAndDefaults) {
  const Outcome outcome = run({"task", "describe", "text.word_count"});
  EXPECT_EQ(outcome.code, ExitCode::kDone) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("Method:       /text.Tasks/WordCount\n"));
  EXPECT_THAT(outcome.out, ::testing::ContainsRegex("top +int32 +10 +How many words."));
  EXPECT_THAT(outcome.out, ::testing::ContainsRegex("words +repeated text.WordCount"));
}

TEST_F(TaskTest, ProtoIsAFileForACompiler) {
  const Outcome outcome = run({"task", "proto", "text.word_count"});
  EXPECT_EQ(outcome.code, ExitCode::kDone) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("syntax = \"proto3\";"));
  EXPECT_THAT(outcome.out, HasSubstr("rpc WordCount("));
  EXPECT_THAT(outcome.out, HasSubstr("// File or directory to read."));
  EXPECT_THAT(outcome.out, Not(HasSubstr("package google.protobuf")));
  EXPECT_EQ(run({"task", "proto", "text.word_count", "-o", "json"}).code, ExitCode::kUsage);
}

TEST_F(TaskTest, AnUnknownTaskIsNotFoundWithTheServersHint) {
  const Outcome outcome = run({"task", "describe", "text.wordcount"});
  EXPECT_EQ(outcome.code, ExitCode::kNotFound);
  EXPECT_THAT(outcome.err, HasSubstr("did you mean text.word_count?"));
  EXPECT_THAT(outcome.err, HasSubstr("reason: TASK_NOT_FOUND"));
}

}  // namespace
}  // namespace novelo::cli
