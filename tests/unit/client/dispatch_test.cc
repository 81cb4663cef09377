// tests/unit/client/dispatch_test.cc
#include "dispatch.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include "fake_server.h"
#include "grpc/health/v1/health.pb.h"
#include "run_novelo.h"

namespace novelo::cli {
namespace {

using novelo::testing::Outcome;
using novelo::testing::run_novelo;
using ::testing::HasSubstr;
using ::testing::StartsWith;

Outcome run_alone(const std::vector<std::string>& words) {
  return run_novelo(words, {.address = "127.0.0.1:1"});
}

TEST(Dispatch, NothingIsUsageAndHelpIsNot) {
  EXPECT_EQ(run_alone({}).code, ExitCode::kUsage);
  EXPECT_EQ(run_alone({}).out, "");
  EXPECT_THAT(run_alone({}).err, StartsWith("Usage: novelo"));
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{{"--help"},
                                                                                     {"-h"},
                                                                                     {"help"},
                                                                                     {"job", "--help"},
                                                                                     {"job", "list", "-h"},
                                                                                     {"help", "job"},
                                                                                     {"help", "job", "submit"},
                                                                                     {"call", "--help"}}) {
    const Outcome outcome = run_alone(words);
    EXPECT_EQ(outcome.code, ExitCode::kDone) << words[0];
    EXPECT_THAT(outcome.out, StartsWith("Usage: novelo")) << words[0];
    EXPECT_EQ(outcome.err, "");
  }
}

TEST(Dispatch, TyposGetASuggestion) {
  EXPECT_THAT(run_alone({"taks", "list"}).err, HasSubstr("there is no command \"taks\"; did you mean task?"));
  EXPECT_THAT(run_alone({"job", "sumbit"}).err, HasSubstr("there is no \"sumbit\"; did you mean submit?"));
  EXPECT_THAT(run_alone({"job"}).err, HasSubstr("a verb is missing. The verbs are: submit, list"));
  EXPECT_THAT(run_alone({"submit"}).err, HasSubstr("did you mean novelo job submit?"));
  EXPECT_THAT(run_alone({"help", "jbo"}).err, HasSubstr("did you mean job?"));
  EXPECT_THAT(run_alone({"help", "job", "gte"}).err, HasSubstr("did you mean get?"));
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{{"taks"},
                                                                                     {"job", "x"},
                                                                                     {"job"},
                                                                                     {"task", "list", "--foo"},
                                                                                     {"status", "-o", "xml"},
                                                                                     {"completion", "tcsh"},
                                                                                     {"status", "--timeout", "x"},
                                                                                     {"job", "get"}}) {
    const Outcome outcome = run_alone(words);
    EXPECT_EQ(outcome.code, ExitCode::kUsage) << words[0];
    EXPECT_EQ(outcome.out, "");
  }
}

TEST(Dispatch, AServerThatIsNotThereIsCodeSix) {
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{{"task", "list"},
                                                                                     {"status"},
                                                                                     {"status", "--health"},
                                                                                     {"gc"},
                                                                                     {"call", "x"},
                                                                                     {"job", "wait", "x"},
                                                                                     {"job", "list"}}) {
    const Outcome outcome = run_alone(words);
    EXPECT_EQ(outcome.code, ExitCode::kServerNotReached) << outcome.err;
    EXPECT_THAT(outcome.err,
                HasSubstr("no novelod answers at 127.0.0.1:1 (address from $NOVELO_ADDRESS): Connection refused"));
  }
}

TEST(Dispatch, GlobalFlagsMayStandAnywhere) {
  novelo::testing::FakeServer server;
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"--address", server.address(), "-o", "name", "task", "list"},
                                             {"task", "--address", server.address(), "list", "-oname"},
                                             {"task", "list", "--address=" + server.address(), "--output=name"}}) {
    EXPECT_THAT(run_novelo(words, {}).out, StartsWith("net.dial\n"));
  }
}

TEST(Dispatch, StatusShowsTheNode) {
  novelo::testing::FakeServer server;
  const Outcome outcome = run_novelo({"status"}, {.address = server.address()});
  EXPECT_EQ(outcome.code, ExitCode::kDone) << outcome.err;
  EXPECT_THAT(outcome.out, ::testing::ContainsRegex("Node: +loom\n"));
  EXPECT_THAT(outcome.out, ::testing::ContainsRegex("State: +READY\n"));
  EXPECT_EQ(run_novelo({"status", "-o", "name"}, {.address = server.address()}).out, "loom\n");
}

TEST(Dispatch, GcShowsWhatTheCycleFound) {
  novelo::testing::FakeServer server;
  const Outcome outcome = run_novelo({"gc"}, {.address = server.address()});
  EXPECT_EQ(outcome.code, ExitCode::kDone) << outcome.err;
  EXPECT_THAT(outcome.out, ::testing::ContainsRegex("Took: +3.5ms\n"));
  EXPECT_THAT(outcome.out, ::testing::ContainsRegex("Alive: +4096 bytes\n"));
  EXPECT_THAT(outcome.out, ::testing::ContainsRegex("Freed: +96 bytes, 3 objects\n"));
  EXPECT_THAT(outcome.out, ::testing::ContainsRegex("Cycles: +7\n"));
  EXPECT_THAT(run_novelo({"gc", "-o", "json", "--timeout", "1m"}, {.address = server.address()}).out,
              HasSubstr("\"goal_bytes\": \"8192\""));
}

TEST(Dispatch, HealthIsAnExitCode) {
  novelo::testing::FakeServer server;
  const Outcome good = run_novelo({"status", "--health"}, {.address = server.address()});
  EXPECT_EQ(good.code, ExitCode::kDone);
  EXPECT_EQ(good.out, "SERVING\n");
  server.set_health(grpc::health::v1::HealthCheckResponse::NOT_SERVING);
  const Outcome bad = run_novelo({"status", "--health"}, {.address = server.address()});
  EXPECT_EQ(bad.code, ExitCode::kPrecondition);
  EXPECT_EQ(bad.out, "NOT_SERVING\n");
}

TEST(Dispatch, VersionIsOfBothSides) {
  novelo::testing::FakeServer server;
  const Outcome both = run_novelo({"version"}, {.address = server.address()});
  EXPECT_THAT(both.out, HasSubstr("Client:  "));
  EXPECT_THAT(both.out, HasSubstr("Server:  9.8.7 at " + server.address()));
  const Outcome alone = run_alone({"version"});
  EXPECT_EQ(alone.code, ExitCode::kServerNotReached);
  EXPECT_THAT(alone.out, HasSubstr("Client:  "));
  EXPECT_EQ(run_alone({"version", "--client"}).code, ExitCode::kDone);
  EXPECT_EQ(run_alone({"--version"}).code, ExitCode::kDone);
  EXPECT_THAT(run_novelo({"version", "-o", "json"}, {.address = server.address()}).out,
              HasSubstr("\"server\": \"9.8.7\""));
}

TEST(Dispatch, ABrokenConfigurationIsUsageWithItsPlace) {
  const Outcome outcome = run_novelo({"status", "--address", "http://x"}, {});
  EXPECT_EQ(outcome.code, ExitCode::kUsage);
  EXPECT_THAT(outcome.err, HasSubstr("--address: \"http://x\" is no address"));
}

}  // namespace
}  // namespace novelo::cli
