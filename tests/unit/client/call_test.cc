// tests/unit/client/call_test.cc
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <thread>

#include "absl/synchronization/notification.h"
#include "fake_server.h"
#include "message_json.h"
#include "run_novelo.h"

namespace novelo::cli {
namespace {

using novelo::testing::Exchange;
using novelo::testing::Outcome;
using novelo::testing::run_novelo;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class CallTest : public ::testing::Test {
 protected:
  Outcome run(const std::vector<std::string>& words, const std::string& input = "") {
    return run_novelo(words, {.address = server_.address(), .input = input});
  }
  // Makes word_count keep what it was given.
  void keep_input() {
    server_.set_method("text.word_count", [this](Exchange& exchange) {
      given_ = client::to_json(*exchange.read(), client::JsonLayout::kOneLine).value();
      exchange.write_json("{}");
      return grpc::Status::OK;
    });
  }
  novelo::testing::FakeServer server_;
  std::string given_;
};

TEST_F(CallTest, AReplyIsATableForPeople) {
  const Outcome outcome = run({"call", "text.word_count", "--path", "/x", "--top", "5"});
  EXPECT_EQ(outcome.code, ExitCode::kDone) << outcome.err;
  EXPECT_EQ(outcome.out, "WORD  COUNT\nthe    2893\nof       17\n\nfiles:  4\n");
  EXPECT_EQ(outcome.err, "");
}

TEST_F(CallTest, AReplyHasEveryFormButAName) {
  EXPECT_EQ(run({"call", "text.word_count", "-o", "jsonl"}).out,
            R"({"words":[{"word":"the","count":"2893"},{"word":"of","count":"17"}],"files":"4"})"
            "\n");
  EXPECT_THAT(run({"-o", "json", "call", "text.word_count"}).out, HasSubstr("\"word\": \"the\""));
  EXPECT_THAT(run({"call", "text.word_count", "-o", "yaml"}).out, HasSubstr("words:\n  - word: \"the\"\n"));
  EXPECT_EQ(run({"call", "text.word_count", "-o", "name"}).code, ExitCode::kUsage);
}

TEST_F(CallTest, FlagsBecomeTheInput) {
  keep_input();
  const Outcome outcome =
      run({"call", "text.word_count", "--path", "/x", "--top=3", "--skip", "a", "--skip", "b", "--deep", "--weight",
           "k=1", "--range.last", "9", "--order", "by_word", "--patience", "1.5s"});
  EXPECT_EQ(outcome.code, ExitCode::kDone) << outcome.err;
  for (const char* part :
       {R"("path":"/x")", R"("top":3)", R"("skip":["a","b"])", R"("deep":true)", R"("weight":{"k":"1"})",
        R"("range":{"first":0,"last":9,"is_open":false})", R"("order":"BY_WORD")", R"("patience":"1.500s")"}) {
    EXPECT_THAT(given_, HasSubstr(part));
  }
}

TEST_F(CallTest, FlagsWinOverTheJsonOfStdin) {
  keep_input();
  EXPECT_EQ(run({"call", "text.word_count", "--json", "-", "--top", "3"}, R"({"path": "p", "top": 9})").code,
            ExitCode::kDone);
  EXPECT_THAT(given_, AllOf(HasSubstr(R"("path":"p")"), HasSubstr(R"("top":3)")));
}

TEST_F(CallTest, JsonMayComeFromAFile) {
  keep_input();
  const std::string path = ::testing::TempDir() + "novelo-call-input.json";
  std::ofstream(path) << R"({"path": "from file"})";
  EXPECT_EQ(run({"call", "text.word_count", "--json", path}).code, ExitCode::kDone);
  EXPECT_THAT(given_, HasSubstr("from file"));
  std::filesystem::remove(path);
  const Outcome missing = run({"call", "text.word_count", "--json", path});
  EXPECT_EQ(missing.code, ExitCode::kNotFound);
  EXPECT_THAT(missing.err, HasSubstr(path));
}

TEST_F(CallTest, WrongFieldsAreUsageAndNeverReachTheTask) {
  server_.set_method("text.word_count", [](Exchange&) -> grpc::Status { std::abort(); });
  const Outcome unknown = run({"call", "text.word_count", "--tpo", "5"});
  EXPECT_EQ(unknown.code, ExitCode::kUsage);
  EXPECT_THAT(unknown.err, HasSubstr("no field for --tpo; did you mean --top?"));
  EXPECT_THAT(unknown.err, HasSubstr("See: novelo call text.word_count --help"));
  const Outcome wrong = run({"call", "text.word_count", "--top", "five"});
  EXPECT_EQ(wrong.code, ExitCode::kUsage);
  EXPECT_THAT(wrong.err, HasSubstr("--top: \"five\" is not a whole number"));
  const Outcome json = run({"call", "text.word_count", "--json", "-"}, R"({"top": "five"})");
  EXPECT_EQ(json.code, ExitCode::kUsage);
  EXPECT_THAT(json.err, HasSubstr("top"));
}

TEST_F(CallTest, AStreamIsJsonLines) {
  const Outcome outcome = run({"call", "text.grep", "--path", "/x"});
  EXPECT_EQ(outcome.code, ExitCode::kDone) << outcome.err;
  EXPECT_EQ(outcome.out,
            "{\"path\":\"a.txt\",\"line_number\":\"1\",\"line\":\"x\\ty\"}\n"
            "{\"path\":\"a.txt\",\"line_number\":\"2\",\"line\":\"x\\ty\"}\n"
            "{\"path\":\"a.txt\",\"line_number\":\"3\",\"line\":\"x\\ty\"}\n");
  EXPECT_EQ(run({"call", "text.grep", "-o", "json"}).out, outcome.out);
  EXPECT_EQ(
      run({"call", "text.grep", "-o", "table"}).out,
      "PATH   LINE NUMBER  LINE\na.txt            1  x\\ty\na.txt            2  x\\ty\na.txt            3  x\\ty\n");
  EXPECT_THAT(run({"call", "text.grep", "-o", "yaml"}).out, HasSubstr("---\npath: \"a.txt\"\n"));
}

TEST_F(CallTest, RepliesBeforeAnErrorAreKept) {
  server_.set_method("text.grep", [](Exchange& exchange) {
    exchange.write_json("{}");
    return novelo::testing::with_reason(grpc::StatusCode::INTERNAL, "it broke", "TASK_FAILED");
  });
  const Outcome outcome = run({"call", "text.grep"});
  EXPECT_EQ(outcome.code, ExitCode::kTaskFailed);
  EXPECT_THAT(outcome.out, HasSubstr("line_number"));
  EXPECT_THAT(outcome.err, HasSubstr("it broke"));
}

TEST_F(CallTest, StdinIsTheStreamOfATaskThatReadsOne) {
  EXPECT_EQ(run({"call", "text.sum", "-o", "jsonl"}, "1\n{\"value\": 2}\n\n\"39\"").out, "{\"value\":\"42\"}\n");
  EXPECT_EQ(run({"call", "text.upper"}, "\"a\"\n\"b\"\n").out, "{\"value\":\"a!\"}\n{\"value\":\"b!\"}\n");
  EXPECT_EQ(run({"call", "text.sum", "--value", "7", "-o", "jsonl"}).out, "{\"value\":\"7\"}\n");
}

TEST_F(CallTest, ABadLineOfStdinIsNamedByItsNumber) {
  const Outcome outcome = run({"call", "text.sum"}, "1\nmany\n3\n");
  EXPECT_EQ(outcome.code, ExitCode::kUsage);
  EXPECT_THAT(outcome.err, HasSubstr("line 2 of the input"));
}

TEST_F(CallTest, AnEndOfTheCallDoesNotWaitForStdin) {
  server_.set_method("text.upper",
                     [](Exchange&) { return grpc::Status(grpc::StatusCode::FAILED_PRECONDITION, "closed"); });
  std::array<int, 2> never;
  ASSERT_EQ(pipe(never.data()), 0);
  const Outcome outcome = run_novelo({"call", "text.upper"}, {.address = server_.address(), .input_fd = never[0]});
  EXPECT_EQ(outcome.code, ExitCode::kPrecondition);
  EXPECT_THAT(outcome.err, HasSubstr("closed"));
  close(never[0]);
  close(never[1]);
}

TEST_F(CallTest, TheTimeoutIsTheDeadlineOfTheTask) {
  server_.set_method("text.word_count", [](Exchange& exchange) {
    while (!exchange.is_cancelled()) std::this_thread::yield();
    return grpc::Status::CANCELLED;
  });
  const Outcome outcome = run({"call", "text.word_count", "--timeout", "100ms"});
  EXPECT_EQ(outcome.code, ExitCode::kDeadlineExceeded);
  EXPECT_THAT(outcome.err, HasSubstr("the time was up"));
}

TEST_F(CallTest, ARefusalByALimitIsCodeSeven) {
  server_.set_method("text.word_count", [](Exchange&) {
    return novelo::testing::with_reason(grpc::StatusCode::RESOURCE_EXHAUSTED, "too many", "TOO_MANY_CALLS");
  });
  EXPECT_EQ(run({"call", "text.word_count"}).code, ExitCode::kLimit);
}

TEST_F(CallTest, AFieldNamedLikeAFlagNeedsItsPrefix) {
  EXPECT_EQ(run({"call", "net.dial", "--input.address", "a:1", "-o", "jsonl"}).out, "{\"value\":\"ok\"}\n");
  const Outcome outcome = run({"call", "net.dial", "--timeout", "5"});
  EXPECT_EQ(outcome.code, ExitCode::kUsage);
  EXPECT_THAT(outcome.err, HasSubstr("--input.timeout"));
  EXPECT_EQ(run({"--timeout", "5", "call", "net.dial"}).code, ExitCode::kDone);
}

TEST_F(CallTest, HelpOfATaskHasItsFields) {
  const Outcome outcome = run({"call", "text.word_count", "--help"});
  EXPECT_EQ(outcome.code, ExitCode::kDone);
  EXPECT_THAT(outcome.out, HasSubstr("Fields of text.word_count:"));
}

TEST_F(CallTest, VerboseTalksOnStderrAlone) {
  const Outcome outcome = run({"call", "text.sum", "--value", "1", "-v", "-o", "jsonl"});
  EXPECT_EQ(outcome.out, "{\"value\":\"1\"}\n");
  EXPECT_THAT(outcome.err, HasSubstr("server " + server_.address() + " ($NOVELO_ADDRESS)"));
  EXPECT_THAT(outcome.err, HasSubstr("/text.Tasks/Sum took"));
}

TEST(CallInterruptDeathTest, CtrlCCancelsTheCall) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        Interrupt interrupt;  // before any other thread
        novelo::testing::FakeServer server;
        absl::Notification cancelled;
        server.set_method("text.word_count", [&](Exchange& exchange) {
          kill(getpid(), SIGINT);
          while (!exchange.is_cancelled()) std::this_thread::yield();
          cancelled.Notify();
          return grpc::Status::CANCELLED;
        });
        const Outcome outcome =
            run_novelo({"call", "text.word_count"}, {.address = server.address(), .interrupt = &interrupt});
        cancelled.WaitForNotification();
        std::fputs(outcome.err.c_str(), stderr);
        _exit(static_cast<int>(outcome.code));
      },
      ::testing::ExitedWithCode(130), "cancelled text.word_count");
}

}  // namespace
}  // namespace novelo::cli
