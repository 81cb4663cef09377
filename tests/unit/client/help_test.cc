// tests/unit/client/help_test.cc
#include "help.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "commands.h"
#include "parse.h"
#include "sample_task.h"

namespace novelo::cli {
namespace {

using ::testing::HasSubstr;

TEST(Help, EveryVerbHasAnExampleThatItsOwnParserTakes) {
  for (const Noun& noun : nouns()) {
    for (const Verb& verb : noun.verbs) {
      EXPECT_FALSE(verb.examples.empty()) << command_name(noun, verb);
      EXPECT_THAT(verb_help(noun, verb), HasSubstr("Example")) << command_name(noun, verb);
      for (const std::string& example : verb.examples) EXPECT_THAT(example, HasSubstr(command_name(noun, verb)));
    }
  }
}

TEST(Help, NoVerbRedefinesAFlagOfAllCommands) {
  std::set<std::string> names;
  std::set<char> letters;
  for (const Flag& flag : global_flags()) {
    names.insert(flag.name);
    letters.insert(flag.letter);
  }
  for (const Noun& noun : nouns()) {
    for (const Verb& verb : noun.verbs) {
      for (const Flag& flag : verb.flags) {
        EXPECT_EQ(names.count(flag.name), 0u) << command_name(noun, verb) << " --" << flag.name;
        EXPECT_EQ(flag.letter != 0 ? letters.count(flag.letter) : 0u, 0u) << command_name(noun, verb);
      }
    }
  }
}

TEST(Help, TheProgramListsItsNounsAndExitCodes) {
  const std::string help = program_help();
  for (const char* text :
       {"call", "task", "job", "status", "gc", "completion", "version", "124 deadline", "--address"}) {
    EXPECT_THAT(help, HasSubstr(text));
  }
  EXPECT_THAT(help, ::testing::Not(HasSubstr("__complete")));
}

TEST(Help, NoLineIsTooWide) {
  for (const Noun& noun : nouns()) {
    for (const Verb& verb : noun.verbs) {
      std::istringstream lines(verb_help(noun, verb));
      for (std::string line; std::getline(lines, line);) {
        const bool is_example = line.find("novelo ") != std::string::npos;
        EXPECT_TRUE(is_example || line.size() <= 115) << line;
      }
    }
  }
}

TEST(Help, ATaskShowsItsFieldsWithTypesDocsAndDefaults) {
  const Noun noun = call_noun();
  const std::string help = task_help(noun, noun.verbs.front(), *novelo::testing::sample_schema());
  EXPECT_THAT(help, HasSubstr("--path STRING"));
  EXPECT_THAT(help, HasSubstr("File or directory to read"));
  EXPECT_THAT(help, HasSubstr("How many words (default 10)"));
  EXPECT_THAT(help, HasSubstr("BY_COUNT, BY_WORD"));
  EXPECT_THAT(help, HasSubstr("--range.first INT32"));
  EXPECT_THAT(help, ::testing::ContainsRegex("--deep +\n|--deep\n|--deep "));
  EXPECT_THAT(help, HasSubstr("novelo call text.word_count --path STRING"));
}

}  // namespace
}  // namespace novelo::cli
