// tests/unit/client/parse_test.cc
#include "parse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace novelo::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Verb verb() {
  return {.name = "submit",
          .arguments = {{.name = "ID"}, {.name = "MORE", .is_optional = true}},
          .flags = {{.name = "wait", .letter = 'w'},
                    {.name = "label", .letter = 'l', .value = "K=V", .is_repeatable = true},
                    {.name = "state", .value = "STATE", .choices = {"queued", "running"}}}};
}

Verb verb_with_fields() {
  return {.name = "call",
          .arguments = {{.name = "TASK"}},
          .flags = {{.name = "json", .value = "FILE"}},
          .takes_fields = true};
}

std::string error_of(const Verb& v, const std::vector<std::string>& words) {
  const auto arguments = parse(v, words);
  return arguments.ok() ? "" : std::string(arguments.status().message());
}

TEST(Parse, EveryFormOfAValueIsTheSame) {
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"x", "--label", "a=b"}, {"x", "--label=a=b"}, {"-l", "a=b", "x"}, {"-la=b", "x"}, {"-l=a=b", "x"}}) {
    const auto arguments = parse(verb(), words);
    ASSERT_TRUE(arguments.ok()) << arguments.status();
    EXPECT_EQ(arguments->value("label"), "a=b");
    EXPECT_THAT(arguments->positional, ElementsAre("x"));
  }
}

TEST(Parse, SwitchesMayBeJoined) {
  const auto arguments = parse(verb(), {"-qvw", "x"});
  ASSERT_TRUE(arguments.ok()) << arguments.status();
  EXPECT_TRUE(arguments->has("quiet") && arguments->has("verbose") && arguments->has("wait"));
}

TEST(Parse, TwoDashesEndTheFlags) {
  const auto arguments = parse(verb(), {"--", "--wait", "-x"});
  ASSERT_TRUE(arguments.ok());
  EXPECT_THAT(arguments->positional, ElementsAre("--wait", "-x"));
}

TEST(Parse, AForgottenValueIsNotTheNextFlag) {
  EXPECT_THAT(error_of(verb(), {"x", "--label", "--wait"}), HasSubstr("--label needs a value before --wait"));
  EXPECT_THAT(error_of(verb(), {"x", "--label"}), HasSubstr("--label needs a value: --label K=V"));
}

TEST(Parse, ANegativeNumberIsAValue) {
  EXPECT_EQ(parse(verb(), {"x", "--label", "-5"})->value("label"), "-5");
  EXPECT_THAT(parse(verb(), {"-5"})->positional, ElementsAre("-5"));
}

TEST(Parse, AnUnknownFlagIsAnsweredWithTheNearest) {
  EXPECT_THAT(error_of(verb(), {"x", "--wiat"}), HasSubstr("unknown flag --wiat; did you mean --wait?"));
  EXPECT_THAT(error_of(verb(), {"x", "--quite"}), HasSubstr("did you mean --quiet?"));
  EXPECT_THAT(error_of(verb(), {"x", "-z"}), HasSubstr("unknown flag -z"));
}

TEST(Parse, AChoiceIsOneOfThose) {
  EXPECT_THAT(error_of(verb(), {"x", "--state", "quued"}),
              HasSubstr("--state cannot be \"quued\"; did you mean queued? It is one of: queued, running"));
}

TEST(Parse, OnlyRepeatableFlagsRepeat) {
  EXPECT_THAT(parse(verb(), {"x", "--label", "a", "--label", "b"})->values("label"), ElementsAre("a", "b"));
  EXPECT_THAT(error_of(verb(), {"x", "--state", "queued", "--state", "running"}), HasSubstr("given twice"));
}

TEST(Parse, ASwitchTakesNoValue) {
  EXPECT_THAT(error_of(verb(), {"x", "--wait=yes"}), HasSubstr("takes no value"));
}

TEST(Parse, ArgumentsAreCounted) {
  EXPECT_THAT(error_of(verb(), {}), HasSubstr("missing ID"));
  EXPECT_THAT(error_of(verb(), {"a", "b", "c"}), HasSubstr("\"c\" is one argument too many"));
  EXPECT_TRUE(parse(verb(), {"--help"}).ok());
}

TEST(Parse, UnknownFlagsAfterTheTaskAreItsFields) {
  const auto arguments =
      parse(verb_with_fields(), {"--timeout", "1s", "text.grep", "--top", "-5", "--deep", "-o", "json", "--path=x"});
  ASSERT_TRUE(arguments.ok()) << arguments.status();
  EXPECT_THAT(arguments->fields, ElementsAre("--top", "-5", "--deep", "--path=x"));
  EXPECT_EQ(arguments->value("output"), "json");
  EXPECT_THAT(arguments->late, ElementsAre("output"));
}

TEST(Parse, FieldsBeforeTheTaskAreExplained) {
  EXPECT_THAT(error_of(verb_with_fields(), {"--path", "x", "text.grep"}), HasSubstr("come after the task's name"));
}

TEST(Parse, DurationsHaveUnitsOrAreSeconds) {
  EXPECT_EQ(*parse_duration("timeout", "1.5s"), absl::Milliseconds(1500));
  EXPECT_EQ(*parse_duration("timeout", "1h30m"), absl::Minutes(90));
  EXPECT_EQ(*parse_duration("timeout", "2.5"), absl::Milliseconds(2500));
  for (const char* bad : {"", "x", "-1s", "nan", "1 day"}) {
    EXPECT_THAT(std::string(parse_duration("timeout", bad).status().message()), HasSubstr("--timeout")) << bad;
  }
}

TEST(Parse, TimesAndNumbersNameTheirFlag) {
  EXPECT_EQ(*parse_time("not-before", "1970-01-01T00:00:01Z"), absl::FromUnixSeconds(1));
  EXPECT_THAT(std::string(parse_time("not-before", "tomorrow").status().message()), HasSubstr("--not-before"));
  EXPECT_EQ(*parse_int("limit", "7", 1, 9), 7);
  EXPECT_THAT(std::string(parse_int("limit", "10", 1, 9).status().message()),
              HasSubstr("--limit: \"10\" is no whole number from 1 to 9"));
}

}  // namespace
}  // namespace novelo::cli
