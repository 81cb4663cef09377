// The life of jobs, on the memory store and without any transport.
#include "job/jobs.h"

#include <gtest/gtest.h>
#include <novelo/novelo.h>

#include <functional>

#include "job/submission.h"
#include "proto_time.h"
#include "rpc/error.h"
#include "sample_tasks.h"
#include "schema/json.h"
#include "store/memory_store.h"

namespace novelo::daemon {
namespace {

// Longer than any of these tests takes; a wait that lasts so long has failed.
constexpr absl::Duration kPatience = absl::Seconds(20);

class JobsTest : public testing::Test {
 protected:
  JobsTest() : schema_(*Schema::make(tasks())), json_(schema_->pool()), store_({}) {}

  // Runs `body` on a goroutine with Jobs that are started.
  void with_jobs(const std::function<void(Jobs&)>& body, RuntimeOptions runtime_options = {}) {
    Runtime(std::move(runtime_options)).run([&] {
      Jobs jobs(options_, store_, *schema_, admission_, nullptr);
      Scope scope;
      jobs.start(scope);
      body(jobs);
      scope.cancel();
      static_cast<void>(scope.wait());
    });
  }

  v1::Job request(const std::string& task, const std::string& json = "{}", v1::SubmitJobRequest more = {}) {
    more.set_task(task);
    more.set_input_json(json);
    auto job = make_job(more, *schema_, json_, absl::Now());
    EXPECT_TRUE(job.ok()) << job.status();
    return *job;
  }

  v1::Job ended(Jobs& jobs, const std::string& id) {
    auto job = jobs.wait(id, absl::Now() + kPatience);
    EXPECT_TRUE(job.ok()) << job.status();
    EXPECT_TRUE(is_terminal(job->state())) << job->DebugString();
    return *job;
  }

  std::string reason(const v1::Job& job) { return reason_of(from_proto(job.error())); }

  // Until the job is in that state. Watching parks between looks, so this does not spin.
  void until_running(Jobs& jobs, const std::string& id) {
    const absl::Status status = jobs.watch(id, [](const v1::Job& job) {
      return job.state() == v1::JOB_STATE_RUNNING ? absl::AbortedError("seen") : absl::OkStatus();
    });
    EXPECT_TRUE(absl::IsAborted(status)) << status;
  }

  JobsOptions options_{.node_name = "node"};
  std::unique_ptr<const Schema> schema_;
  JsonCodec json_;
  MemoryStore store_;
  Admission admission_;
};

TEST_F(JobsTest, AJobOfNegativePriorityRunsInTheBatchClass) {
  with_jobs([&](Jobs& jobs) {
    for (const auto& [priority, expected] : {std::pair(-1, R"({"sum":"2"})"), std::pair(0, R"({"sum":"1"})")}) {
      v1::SubmitJobRequest more;
      more.set_priority(priority);
      const auto submitted = jobs.submit(request("sample.shows_class", "{}", more));
      ASSERT_TRUE(submitted.ok()) << submitted.status();
      const v1::Job job = ended(jobs, submitted->id());
      ASSERT_EQ(job.results_size(), 1) << job.DebugString();
      EXPECT_EQ(*json_.to_json(*schema_->find("sample.shows_class")->output(), job.results(0).proto()), expected);
    }
  });
}

TEST_F(JobsTest, ASubmittedJobSucceedsWithItsResult) {
  with_jobs([&](Jobs& jobs) {
    const auto submitted = jobs.submit(request("sample.add", R"({"a":40,"b":2})"));
    ASSERT_TRUE(submitted.ok()) << submitted.status();
    EXPECT_EQ(submitted->state(), v1::JOB_STATE_QUEUED);
    const v1::Job job = ended(jobs, submitted->id());
    EXPECT_EQ(job.state(), v1::JOB_STATE_SUCCEEDED);
    EXPECT_EQ(job.attempt(), 1);
    EXPECT_EQ(job.node(), "node");
    ASSERT_EQ(job.results_size(), 1);
    EXPECT_EQ(*json_.to_json(*schema_->find("sample.add")->output(), job.results(0).proto()), R"({"sum":"42"})");
  });
}

TEST_F(JobsTest, AStreamingTaskKeepsEveryMessageInOrder) {
  with_jobs([&](Jobs& jobs) {
    const v1::Job job = ended(jobs, jobs.submit(request("sample.count", R"({"to":5})"))->id());
    ASSERT_EQ(job.results_size(), 5);
    EXPECT_EQ(job.progress().messages(), 5);
    EXPECT_EQ(*json_.to_json(*schema_->find("sample.count")->output(), job.results(4).proto()), R"({"sum":"5"})");
  });
}

TEST_F(JobsTest, UsageIsThatOfAllItsGoroutinesInAllItsAttempts) {
  with_jobs([&](Jobs& jobs) {
    v1::SubmitJobRequest more;
    more.mutable_retry_policy()->set_max_attempts(2);
    more.mutable_retry_policy()->mutable_initial_backoff()->set_nanos(1000);
    const v1::Job twice = ended(jobs, jobs.submit(request("sample.fails", R"({"code":14})", more))->id());
    EXPECT_EQ(twice.usage().goroutines(), 2);
    EXPECT_GT(from_proto(twice.usage().cpu_time()), absl::ZeroDuration());
    EXPECT_LE(from_proto(twice.usage().cpu_time()), from_proto(twice.usage().run_time()));

    const std::string id = jobs.submit(request("sample.waits"))->id();
    // Shown while it runs; and long enough, since its two goroutines begin and end on two processors at one time.
    const auto usage = [&] { return jobs.get(id, JobParts::kAll)->usage(); };
    while (usage().goroutines() < 2 || from_proto(usage().run_time()) < absl::Milliseconds(10)) yield();
    EXPECT_TRUE(jobs.cancel(id).ok());
    const v1::Job waited = ended(jobs, id);
    EXPECT_EQ(waited.usage().goroutines(), 2);
    EXPECT_LT(from_proto(waited.usage().cpu_time()), from_proto(waited.usage().run_time()));
  });
}

TEST_F(JobsTest, ErrorsAndExceptionsEndTheJobAsFailed) {
  with_jobs([&](Jobs& jobs) {
    const v1::Job failed = ended(jobs, jobs.submit(request("sample.fails", R"({"code":9,"message":"lost"})"))->id());
    EXPECT_EQ(failed.state(), v1::JOB_STATE_FAILED);
    EXPECT_EQ(failed.error().code(), 9);
    EXPECT_EQ(failed.error().message(), "lost");
    EXPECT_EQ(reason(failed), "TASK_FAILED");
    const v1::Job threw = ended(jobs, jobs.submit(request("sample.throws", R"({"message":"the yarn broke"})"))->id());
    EXPECT_EQ(threw.state(), v1::JOB_STATE_FAILED);
    EXPECT_EQ(reason(threw), "TASK_THREW");
    EXPECT_NE(threw.error().message().find("the yarn broke"), std::string::npos);
  });
}

TEST_F(JobsTest, AFailedAttemptIsFollowedByAnother) {
  with_jobs([&](Jobs& jobs) {
    v1::SubmitJobRequest more;
    more.mutable_retry_policy()->set_max_attempts(3);
    *more.mutable_retry_policy()->mutable_initial_backoff() = to_proto(absl::Milliseconds(1));
    const v1::Job job =
        ended(jobs, jobs.submit(request("sample.flaky", R"({"key":"twice","failures":2})", more))->id());
    EXPECT_EQ(job.state(), v1::JOB_STATE_SUCCEEDED) << job.DebugString();
    EXPECT_EQ(job.attempt(), 3);
    const v1::Job worse =
        ended(jobs, jobs.submit(request("sample.flaky", R"({"key":"often","failures":9})", more))->id());
    EXPECT_EQ(worse.state(), v1::JOB_STATE_FAILED);
    EXPECT_EQ(worse.attempt(), 3);
  });
}

TEST_F(JobsTest, AJobThatFindsNoGoroutineWaitsForOne) {
  RuntimeOptions small;
  small.max_goroutines = 1000;
  with_jobs(
      [&](Jobs& jobs) {
        const Chan<Unit> gate = make_chan<Unit>();
        Scope crowd;
        EXPECT_THROW(while (true) crowd.go([gate] { gate.recv(); }), RuntimeError);
        const std::string id = jobs.submit(request("sample.add"))->id();
        EXPECT_EQ(jobs.wait(id, absl::Now() + absl::Milliseconds(50))->state(), v1::JOB_STATE_QUEUED);
        gate.close();
        EXPECT_EQ(ended(jobs, id).state(), v1::JOB_STATE_SUCCEEDED);
      },
      std::move(small));
}

TEST_F(JobsTest, CancellingARunningJobUnwindsAllOfIt) {
  with_jobs([&](Jobs& jobs) {
    const std::size_t before = num_goroutines();
    const std::string id = jobs.submit(request("sample.waits"))->id();
    until_running(jobs, id);
    ASSERT_TRUE(jobs.cancel(id).ok());
    const v1::Job job = ended(jobs, id);
    EXPECT_EQ(job.state(), v1::JOB_STATE_CANCELLED);
    EXPECT_EQ(reason(job), "JOB_CANCELLED");
    jobs.idle().recv();
    while (num_goroutines() > before) yield();
    EXPECT_EQ(jobs.cancel(id)->state(), v1::JOB_STATE_CANCELLED);  // again: changes nothing
  });
}

TEST_F(JobsTest, CancellingAQueuedJobEndsItAtOnce) {
  with_jobs([&](Jobs& jobs) {
    v1::SubmitJobRequest more;
    *more.mutable_not_before() = to_proto(absl::Now() + absl::Hours(1));
    const std::string id = jobs.submit(request("sample.add", "{}", more))->id();
    EXPECT_EQ(jobs.cancel(id)->state(), v1::JOB_STATE_CANCELLED);
    EXPECT_EQ(jobs.queued(), 0);
  });
}

TEST_F(JobsTest, TheDeadlineEndsARunningJobAndOneThatWaits) {
  with_jobs([&](Jobs& jobs) {
    v1::SubmitJobRequest more;
    *more.mutable_deadline() = to_proto(absl::Milliseconds(30));
    const v1::Job ran = ended(jobs, jobs.submit(request("sample.waits", "{}", more))->id());
    EXPECT_EQ(ran.state(), v1::JOB_STATE_FAILED);
    EXPECT_EQ(ran.error().code(), static_cast<int>(absl::StatusCode::kDeadlineExceeded));
    EXPECT_EQ(reason(ran), "TASK_DEADLINE");
  });
  options_.max_running = 1;
  with_jobs([&](Jobs& jobs) {
    const std::string first = jobs.submit(request("sample.waits"))->id();
    until_running(jobs, first);
    v1::SubmitJobRequest more;
    *more.mutable_deadline() = to_proto(absl::Milliseconds(30));
    const v1::Job waited = ended(jobs, jobs.submit(request("sample.add", "{}", more))->id());
    EXPECT_EQ(waited.state(), v1::JOB_STATE_FAILED);
    EXPECT_EQ(reason(waited), "JOB_DEADLINE");
    EXPECT_EQ(waited.attempt(), 0);
  });
}

TEST_F(JobsTest, NoMoreRunThanMayAndTheHigherPriorityGoesFirst) {
  options_.max_running = 1;
  with_jobs([&](Jobs& jobs) {
    const std::string first = jobs.submit(request("sample.waits"))->id();
    until_running(jobs, first);
    v1::SubmitJobRequest high;
    high.set_priority(10);
    const std::string low_id = jobs.submit(request("sample.waits"))->id();
    const std::string high_id = jobs.submit(request("sample.waits", "{}", high))->id();
    EXPECT_EQ(jobs.running(), 1);
    EXPECT_EQ(jobs.queued(), 2);
    ASSERT_TRUE(jobs.cancel(first).ok());
    until_running(jobs, high_id);
    EXPECT_EQ(jobs.get(low_id, JobParts::kAll)->state(), v1::JOB_STATE_QUEUED);
  });
}

TEST_F(JobsTest, TheQueueHasALimitThatIsNamed) {
  options_.max_queued = 1;
  options_.max_running = 1;
  with_jobs([&](Jobs& jobs) {
    until_running(jobs, jobs.submit(request("sample.waits"))->id());
    ASSERT_TRUE(jobs.submit(request("sample.waits")).ok());
    const absl::Status refused = jobs.submit(request("sample.waits")).status();
    EXPECT_TRUE(absl::IsResourceExhausted(refused));
    EXPECT_NE(refused.message().find("job.max_queued = 1"), absl::string_view::npos) << refused;
  });
}

TEST_F(JobsTest, AJobThatWritesMoreThanItMayFailsByThatLimit) {
  options_.max_result_bytes = 100000;
  with_jobs([&](Jobs& jobs) {
    const v1::Job job = ended(jobs, jobs.submit(request("sample.pours"))->id());
    EXPECT_EQ(job.state(), v1::JOB_STATE_FAILED);
    EXPECT_EQ(reason(job), "RESULT_TOO_LARGE");
    EXPECT_EQ(job.results_size(), 0);
  });
}

TEST_F(JobsTest, ARequestIdMeansOneJobAndOneInput) {
  with_jobs([&](Jobs& jobs) {
    v1::SubmitJobRequest once;
    once.set_request_id("once");
    const std::string id = jobs.submit(request("sample.add", R"({"a":1})", once))->id();
    EXPECT_EQ(jobs.submit(request("sample.add", R"({"a":1})", once))->id(), id);
    const absl::Status other = jobs.submit(request("sample.add", R"({"a":2})", once)).status();
    EXPECT_TRUE(absl::IsAlreadyExists(other)) << other;
    EXPECT_EQ(ended(jobs, id).attempt(), 1);
  });
}

TEST_F(JobsTest, AnEndedJobIsForgottenWhenItsTimeHasCome) {
  options_.result_ttl = absl::Milliseconds(1);
  with_jobs([&](Jobs& jobs) {
    const std::string id = jobs.submit(request("sample.add"))->id();
    const absl::Time give_up = absl::Now() + kPatience;
    while (!absl::IsNotFound(jobs.get(id, JobParts::kAll).status()) && absl::Now() < give_up) yield();
    EXPECT_TRUE(absl::IsNotFound(jobs.get(id, JobParts::kAll).status()));
  });
}

TEST_F(JobsTest, StoppingCancelsWhatRunsAndSaysWhy) {
  with_jobs([&](Jobs& jobs) {
    const std::string id = jobs.submit(request("sample.waits"))->id();
    until_running(jobs, id);
    admission_.close();
    EXPECT_TRUE(absl::IsUnavailable(jobs.submit(request("sample.add")).status()));
    jobs.close();
    jobs.cancel_running();
    jobs.idle().recv();
    EXPECT_EQ(reason(*jobs.get(id, JobParts::kAll)), "NODE_STOPPED");
    EXPECT_EQ(jobs.running(), 0);
  });
}

}  // namespace
}  // namespace novelo::daemon
