// tests/unit/client/complete_test.cc
#include "complete.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_split.h"
#include "fake_server.h"
#include "run_novelo.h"

namespace novelo::cli {
namespace {

using novelo::testing::run_novelo;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class CompleteTest : public ::testing::Test {
 protected:
  // The candidates for the last word, as `shell` gets them.
  std::vector<std::string> complete(std::vector<std::string> words, const std::string& shell = "zsh",
                                    const std::string& address = "") {
    words.insert(words.begin(), {"__complete", shell, "--"});
    const auto outcome = run_novelo(words, {.address = address.empty() ? server_.address() : address});
    EXPECT_EQ(outcome.err, "");
    std::vector<std::string> found;
    for (const auto line : absl::StrSplit(outcome.out, '\n', absl::SkipEmpty())) {
      found.emplace_back(line.substr(0, line.find('\t')));
    }
    return found;
  }
  novelo::testing::FakeServer server_;
};

TEST_F(CompleteTest, NounsThenVerbsThenFlags) {
  EXPECT_THAT(complete({"ta"}), ElementsAre("task"));
  EXPECT_THAT(complete({"g"}), ElementsAre("gc"));
  EXPECT_THAT(complete({""}), Not(Contains("__complete")));
  EXPECT_THAT(complete({"job", "w"}), ElementsAre("wait", "watch"));
  EXPECT_THAT(complete({"job", "submit", "--max"}), ElementsAre("--max-attempts", "--max-backoff"));
  EXPECT_THAT(complete({"--no"}), ElementsAre("--no-headers"));
  EXPECT_THAT(complete({"nonsense", ""}), IsEmpty());
}

TEST_F(CompleteTest, ValuesOfFlags) {
  EXPECT_THAT(complete({"status", "-o", "j"}), ElementsAre("json", "jsonl"));
  EXPECT_THAT(complete({"-o", "j"}), ElementsAre("json", "jsonl"));
  EXPECT_THAT(complete({"job", "list", "--state", "c"}), ElementsAre("cancelled"));
  EXPECT_THAT(complete({"job", "list", "--state=c"}), ElementsAre("--state=cancelled"));
  EXPECT_THAT(complete({"completion", ""}), ElementsAre("bash", "zsh", "fish"));
  EXPECT_THAT(complete({"help", "st"}), ElementsAre("status"));
}

TEST_F(CompleteTest, BashBreaksWordsAtEquals) {
  EXPECT_THAT(complete({"job", "list", "--state", "=", "c"}, "bash"), ElementsAre("cancelled"));
  EXPECT_THAT(complete({"job", "list", "--state", "="}, "bash"), Contains("queued"));
}

TEST_F(CompleteTest, TasksAndJobsOfTheServer) {
  EXPECT_THAT(complete({"call", "text.w"}), ElementsAre("text.word_count"));
  EXPECT_THAT(complete({"job", "list", "--task", "net"}), ElementsAre("net.dial"));
  run_novelo({"job", "submit", "text.grep"}, {.address = server_.address()});
  EXPECT_THAT(complete({"job", "get", ""}), ElementsAre("job-1"));
  EXPECT_THAT(complete({"job", "cancel", "job-0", ""}), ElementsAre("job-1"));
}

TEST_F(CompleteTest, FieldsOfTheTaskAndTheirValues) {
  EXPECT_THAT(complete({"call", "text.word_count", "--pa"}), ElementsAre("--path", "--patience", "--parts"));
  EXPECT_THAT(complete({"call", "text.word_count", "--path", "/x", "--range.f"}), ElementsAre("--range.first"));
  EXPECT_THAT(complete({"job", "submit", "text.word_count", "--order", ""}), ElementsAre("BY_COUNT", "BY_WORD"));
  EXPECT_THAT(complete({"call", "text.word_count", "--path", ""}), IsEmpty());  // the shell completes a file
}

TEST_F(CompleteTest, TheAddressOnTheLineIsTheOneAsked) {
  EXPECT_THAT(complete({"--address", server_.address(), "call", "net"}, "zsh", "127.0.0.1:1"), ElementsAre("net.dial"));
  EXPECT_THAT(complete({"call", "--address=" + server_.address(), "net"}, "zsh", "127.0.0.1:1"),
              ElementsAre("net.dial"));
}

TEST_F(CompleteTest, ASilentServerMeansNoCandidatesAndNoNoise) {
  EXPECT_THAT(complete({"call", "te"}, "zsh", "127.0.0.1:1"), IsEmpty());
}

TEST(CompletionScript, BashTakesItsOwnScript) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const auto outcome = run_novelo({"completion", shell}, {});
    EXPECT_EQ(outcome.code, ExitCode::kDone);
    EXPECT_THAT(outcome.out, HasSubstr(std::string("__complete ") + shell));
  }
  const std::string script = run_novelo({"completion", "bash"}, {}).out;
  EXPECT_EQ(std::system(("bash -n <<'END'\n" + script + "END\n").c_str()), 0);
}

}  // namespace
}  // namespace novelo::cli
