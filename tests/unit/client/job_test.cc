// tests/unit/client/job_test.cc
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <thread>

#include "fake_server.h"
#include "run_novelo.h"

namespace novelo::cli {
namespace {

using novelo::testing::Exchange;
using novelo::testing::Outcome;
using novelo::testing::run_novelo;
using ::testing::HasSubstr;
using ::testing::Not;

class JobTest : public ::testing::Test {
 protected:
  Outcome run(const std::vector<std::string>& words) { return run_novelo(words, {.address = server_.address()}); }
  void make_tasks_fail() {
    server_.set_method("text.word_count",
                       [](Exchange&) { return grpc::Status(grpc::StatusCode::NOT_FOUND, "no such file"); });
  }
  novelo::testing::FakeServer server_;
};

TEST_F(JobTest, SubmitPrintsTheIdAlone) {
  const Outcome outcome = run({"job", "submit", "text.word_count", "--path", "/x"});
  EXPECT_EQ(outcome.code, ExitCode::kDone) << outcome.err;
  EXPECT_EQ(outcome.out, "job-1\n");
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(run({"job", "submit", "text.word_count", "-o", "name"}).out, "job-2\n");
  EXPECT_THAT(run({"job", "submit", "text.word_count", "-o", "json"}).out, HasSubstr("\"id\": \"job-3\""));
}

TEST_F(JobTest, SubmitSendsWhatItsFlagsSay) {
  ASSERT_EQ(run({"job",
                 "submit",
                 "text.word_count",
                 "--path",
                 "/x",
                 "--request-id",
                 "r1",
                 "--deadline",
                 "90s",
                 "--max-attempts",
                 "4",
                 "--initial-backoff",
                 "100ms",
                 "--max-backoff",
                 "2s",
                 "--priority",
                 "-5",
                 "--queue",
                 "q",
                 "--concurrency-key",
                 "k",
                 "--label",
                 "a=b",
                 "--label",
                 "c=d=e",
                 "--node",
                 "n",
                 "--not-before",
                 "2030-01-01T00:00:00Z"})
                .code,
            ExitCode::kDone);
  const v1::SubmitJobRequest request = server_.last_submit();
  EXPECT_EQ(request.request_id(), "r1");
  EXPECT_EQ(request.deadline().seconds(), 90);
  EXPECT_EQ(request.retry_policy().max_attempts(), 4);
  EXPECT_EQ(request.retry_policy().initial_backoff().nanos(), 100'000'000);
  EXPECT_EQ(request.retry_policy().max_backoff().seconds(), 2);
  EXPECT_EQ(request.priority(), -5);
  EXPECT_EQ(request.queue(), "q");
  EXPECT_EQ(request.concurrency_key(), "k");
  EXPECT_EQ(request.labels().at("c"), "d=e");
  EXPECT_EQ(request.placement().node(), "n");
  EXPECT_EQ(request.not_before().seconds(), 1'893'456'000);
}

TEST_F(JobTest, SubmitRefusesWrongFlagsBeforeAnythingIsStored) {
  for (const std::vector<std::string>& flags : std::vector<std::vector<std::string>>{{"--max-attempts", "0"},
                                                                                     {"--priority", "101"},
                                                                                     {"--deadline", "soon"},
                                                                                     {"--label", "a"},
                                                                                     {"--not-before", "now"},
                                                                                     {"--tpo", "5"},
                                                                                     {"--top", "x"}}) {
    std::vector<std::string> words = {"job", "submit", "text.word_count"};
    words.insert(words.end(), flags.begin(), flags.end());
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.code, ExitCode::kUsage) << flags[0] << " " << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(flags[0].substr(2))) << outcome.err;
  }
  EXPECT_EQ(server_.job("job-1"), std::nullopt);
}

TEST_F(JobTest, SubmitAndWaitShowsTheAnswerAsACallWould) {
  const Outcome outcome = run({"job", "submit", "text.word_count", "--path", "/x", "--wait"});
  EXPECT_EQ(outcome.code, ExitCode::kDone) << outcome.err;
  EXPECT_EQ(outcome.out, "WORD  COUNT\nthe    2893\nof       17\n\nfiles:  4\n");
  const Outcome json = run({"job", "submit", "text.word_count", "--wait", "-o", "json"});
  EXPECT_THAT(json.out, HasSubstr("\"state\": \"JOB_STATE_SUCCEEDED\""));
  EXPECT_THAT(json.out, HasSubstr("\"id\": \"job-2\""));
}

TEST_F(JobTest, TheResultsOfAStreamAreATable) {
  EXPECT_EQ(run({"job", "submit", "text.grep", "--wait", "--no-headers"}).out,
            "a.txt  1  x\\ty\na.txt  2  x\\ty\na.txt  3  x\\ty\n");
}

TEST_F(JobTest, FollowTellsEachChangeOnStderr) {
  const Outcome outcome = run({"job", "submit", "text.word_count", "--follow", "-o", "name"});
  EXPECT_EQ(outcome.out, "job-1\n");
  EXPECT_EQ(outcome.err, "job job-1 QUEUED\njob job-1 RUNNING, attempt 1\njob job-1 SUCCEEDED, attempt 1\n");
}

TEST_F(JobTest, AFailedJobIsCodeOneWithItsError) {
  make_tasks_fail();
  const Outcome outcome = run({"job", "submit", "text.word_count", "--wait"});
  EXPECT_EQ(outcome.code, ExitCode::kTaskFailed);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, HasSubstr("job job-1 FAILED: no such file"));
  const Outcome json = run({"job", "wait", "job-1", "-o", "json"});
  EXPECT_EQ(json.code, ExitCode::kTaskFailed);
  EXPECT_THAT(json.out, HasSubstr("\"message\": \"no such file\""));
}

TEST_F(JobTest, ACancelledJobIsCodeEight) {
  run({"job", "submit", "text.word_count"});
  EXPECT_EQ(run({"job", "cancel", "job-1", "-o", "name"}).out, "job-1\n");
  const Outcome outcome = run({"job", "wait", "job-1"});
  EXPECT_EQ(outcome.code, ExitCode::kCancelled);
  EXPECT_THAT(outcome.err, HasSubstr("job job-1 CANCELLED"));
}

TEST_F(JobTest, ATimeoutLeavesTheJobAndSaysHowToComeBack) {
  server_.hold_jobs(true);
  run({"job", "submit", "text.word_count"});
  const Outcome outcome = run({"job", "wait", "job-1", "--timeout", "100ms"});
  EXPECT_EQ(outcome.code, ExitCode::kDeadlineExceeded);
  EXPECT_THAT(outcome.err, HasSubstr("novelo job wait job-1"));
  EXPECT_EQ(server_.job("job-1")->state(), v1::JOB_STATE_RUNNING);
}

TEST_F(JobTest, WaitOfSeveralIsAListAndTheFirstFailureIsTheCode) {
  run({"job", "submit", "text.word_count"});
  run({"job", "submit", "text.word_count"});
  const Outcome outcome = run({"job", "wait", "job-1", "job-9", "job-2", "-o", "name"});
  EXPECT_EQ(outcome.code, ExitCode::kNotFound);
  EXPECT_EQ(outcome.out, "job-1\njob-2\n");
  EXPECT_THAT(outcome.err, HasSubstr("no job has the id job-9"));
}

TEST_F(JobTest, GetShowsOneInFullAndSeveralAsAList) {
  run({"job", "submit", "text.word_count", "--wait", "--label", "b=2", "--label", "a=1"});
  const Outcome one = run({"job", "get", "job-1"});
  EXPECT_EQ(one.code, ExitCode::kDone) << one.err;
  EXPECT_THAT(one.out, ::testing::ContainsRegex("State: +SUCCEEDED\n"));
  EXPECT_THAT(one.out, ::testing::ContainsRegex("Labels: +a=1,b=2\n"));
  EXPECT_THAT(one.out, HasSubstr("the    2893\n"));
  run({"job", "submit", "text.grep"});
  EXPECT_THAT(run({"job", "get", "job-1", "job-2", "--no-headers"}).out,
              ::testing::ContainsRegex("job-1 .*SUCCEEDED.*\njob-2 .*QUEUED"));
  const Outcome missing = run({"job", "get", "job-9"});
  EXPECT_EQ(missing.code, ExitCode::kNotFound);
  EXPECT_EQ(missing.out, "");
}

TEST_F(JobTest, ListFiltersAndStopsAtItsLimit) {
  for (const char* task : {"text.word_count", "text.grep", "text.grep"}) run({"job", "submit", task});
  EXPECT_EQ(run({"job", "list", "-o", "name"}).out, "job-1\njob-2\njob-3\n");
  EXPECT_EQ(run({"job", "list", "--task", "text.grep", "-o", "name"}).out, "job-2\njob-3\n");
  const Outcome limited = run({"job", "list", "--limit", "2", "-o", "name"});
  EXPECT_EQ(limited.out, "job-1\njob-2\n");
  EXPECT_THAT(limited.err, HasSubstr("there are more"));
  EXPECT_EQ(run({"job", "list", "--limit", "0"}).code, ExitCode::kUsage);
  EXPECT_EQ(run({"job", "list", "--state", "runing"}).code, ExitCode::kUsage);
}

TEST_F(JobTest, WatchPrintsEachChangeAndEndsWithTheOutcome) {
  make_tasks_fail();
  run({"job", "submit", "text.word_count"});
  const Outcome outcome = run({"job", "watch", "job-1", "-o", "jsonl"});
  EXPECT_EQ(outcome.code, ExitCode::kTaskFailed);
  EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 3);
  EXPECT_THAT(outcome.out, HasSubstr("JOB_STATE_RUNNING"));
  EXPECT_THAT(run({"job", "watch", "job-1"}).out, HasSubstr("FAILED"));
}

TEST_F(JobTest, RmForgetsAndRefusesWhatRuns) {
  run({"job", "submit", "text.word_count", "--wait"});
  EXPECT_EQ(run({"job", "rm", "job-1"}).out, "job-1\n");
  EXPECT_EQ(run({"job", "rm", "job-1"}).code, ExitCode::kNotFound);
  server_.hold_jobs(true);
  run({"job", "submit", "text.word_count"});
  run({"job", "wait", "job-1", "--timeout", "50ms"});
  EXPECT_EQ(run({"job", "rm", "job-1"}).code, ExitCode::kPrecondition);
  EXPECT_EQ(run({"job", "rm", "job-1", "-o", "json"}).code, ExitCode::kUsage);
}

TEST(JobInterruptDeathTest, CtrlCDetachesAndTheJobGoesOn) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        Interrupt interrupt;  // before any other thread
        novelo::testing::FakeServer server;
        server.hold_jobs(true);
        std::thread presser([&] {
          server.wait_for_watcher();
          kill(getpid(), SIGINT);
        });
        const Outcome outcome = run_novelo({"job", "submit", "text.word_count", "--wait"},
                                           {.address = server.address(), .interrupt = &interrupt});
        presser.join();
        std::fputs(outcome.err.c_str(), stderr);
        _exit(server.job("job-1")->state() == v1::JOB_STATE_RUNNING ? static_cast<int>(outcome.code) : 99);
      },
      ::testing::ExitedWithCode(130), "novelo job wait job-1");
}

}  // namespace
}  // namespace novelo::cli
