// tests/unit/client/client_test.cc
#include "novelo/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <thread>

#include "fake_server.h"
#include "rpc_status.h"

namespace novelo {
namespace {

using ::testing::ElementsAre;
using testing::Exchange;
using ::testing::HasSubstr;

class ClientTest : public ::testing::Test {
 protected:
  testing::FakeServer server_;
  Client client_ = Client::connect(server_.address()).value();
};

TEST_F(ClientTest, ListsEveryPageOfTasks) {
  const auto tasks = client_.tasks();
  ASSERT_TRUE(tasks.ok()) << tasks.status();
  std::vector<std::string> names;
  for (const TaskInfo& task : *tasks) names.push_back(task.name);
  EXPECT_THAT(names, ElementsAre("net.dial", "text.grep", "text.sum", "text.upper", "text.word_count"));
  EXPECT_TRUE(tasks->at(1).writes_stream);
  EXPECT_FALSE(tasks->at(1).reads_stream);
  EXPECT_EQ(tasks->at(1).method, "/text.Tasks/Grep");
}

TEST_F(ClientTest, ACallIsJsonInAndOut) {
  EXPECT_EQ(*client_.call("text.word_count", R"({"path": "x"})"),
            R"({"words":[{"word":"the","count":"2893"},{"word":"of","count":"17"}],"files":"4"})");
}

TEST_F(ClientTest, RepliesOfAStreamComeOneByOneAndAnErrorStopsThem) {
  std::vector<std::string> replies;
  const absl::Status status = client_.call("text.grep", "{}", [&](const std::string& reply) {
    replies.push_back(reply);
    return replies.size() == 2 ? absl::AbortedError("enough") : absl::OkStatus();
  });
  EXPECT_EQ(status, absl::AbortedError("enough"));
  EXPECT_EQ(replies.size(), 2u);
}

TEST_F(ClientTest, AWrongFieldIsFoundBeforeTheCall) {
  server_.set_method("text.word_count", [](Exchange&) -> grpc::Status { std::abort(); });
  const auto reply = client_.call("text.word_count", R"({"tpo": 1})");
  EXPECT_EQ(reply.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(reply.status().message()), HasSubstr("tpo"));
}

TEST_F(ClientTest, AnErrorKeepsWhatTheServerSaid) {
  server_.set_method("text.word_count", [](Exchange&) {
    return testing::with_reason(grpc::StatusCode::NOT_FOUND, "x: no such file", "NO_SUCH_FILE");
  });
  const auto reply = client_.call("text.word_count", "{}");
  EXPECT_EQ(reply.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(client::reason_of(reply.status()), "NO_SUCH_FILE");
}

TEST_F(ClientTest, ATimeoutEndsTheCall) {
  server_.set_method("text.word_count", [](Exchange& exchange) {
    while (!exchange.is_cancelled()) std::this_thread::yield();
    return grpc::Status::CANCELLED;
  });
  const auto reply = client_.call("text.word_count", "{}", {.timeout = absl::Milliseconds(50)});
  EXPECT_EQ(reply.status().code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(ClientTest, AJobIsSubmittedWaitedForAndRemoved) {
  const auto submitted = client_.submit("text.word_count", R"({"path": "x"})",
                                        {.request_id = "r", .max_attempts = 3, .priority = 7, .labels = {{"a", "b"}}});
  ASSERT_TRUE(submitted.ok()) << submitted.status();
  EXPECT_EQ(submitted->state, JobState::kQueued);
  EXPECT_FALSE(submitted->has_ended());
  EXPECT_EQ(server_.last_submit().retry_policy().max_attempts(), 3);
  EXPECT_EQ(server_.last_submit().labels().at("a"), "b");
  EXPECT_FALSE(server_.last_submit().has_deadline());
  const auto ended = client_.wait(submitted->id);
  ASSERT_TRUE(ended.ok()) << ended.status();
  EXPECT_EQ(ended->state, JobState::kSucceeded);
  EXPECT_THAT(ended->results, ElementsAre(HasSubstr("2893")));
  EXPECT_LE(ended->create_time, ended->end_time);
  EXPECT_EQ(client_.job(submitted->id)->results, ended->results);
  EXPECT_TRUE(client_.remove(submitted->id).ok());
  EXPECT_EQ(client_.job(submitted->id).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(ClientTest, AFailedJobHasItsError) {
  server_.set_method("text.word_count", [](Exchange&) { return grpc::Status(grpc::StatusCode::DATA_LOSS, "torn"); });
  const auto job = client_.wait(client_.submit("text.word_count", "{}")->id);
  EXPECT_EQ(job->state, JobState::kFailed);
  EXPECT_EQ(job->error.code(), absl::StatusCode::kDataLoss);
}

TEST_F(ClientTest, AWaitIsOverWhenItsTimeIs) {
  server_.hold_jobs(true);
  const auto job = client_.submit("text.word_count", "{}");
  EXPECT_EQ(client_.wait(job->id, absl::Milliseconds(50)).status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(client_.cancel(job->id)->state, JobState::kCancelled);
}

TEST_F(ClientTest, OneClientServesManyThreads) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 10; ++n) EXPECT_TRUE(client_.call("text.word_count", "{}").ok());
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(ClientTest, TheExampleListsCallsAndSubmits) {
  const std::string command = std::string(NOVELO_CALL_TASK) + " " + server_.address() + " 2>&1";
  std::FILE* pipe = popen(command.c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  std::string out;
  std::array<char, 4096> buffer;
  for (std::size_t n = 0; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) out.append(buffer.data(), n);
  EXPECT_EQ(pclose(pipe), 0) << out;
  EXPECT_THAT(out, HasSubstr("task text.word_count: "));
  EXPECT_THAT(out, HasSubstr("call {\"words\":[{\"word\":\"the\""));
  EXPECT_THAT(out, HasSubstr("job {\"words\":[{\"word\":\"the\""));
}

TEST(Client, NoServerIsUnavailableAndABadAddressInvalid) {
  EXPECT_EQ(Client::connect("127.0.0.1:1", absl::Milliseconds(100)).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Client::connect("http://x").status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace novelo
