// The contract of a job store, and the limits of the one in memory.
#include "store/store.h"

#include <gtest/gtest.h>

#include "proto_time.h"
#include "rpc/error.h"
#include "store/memory_store.h"

namespace novelo::daemon {
namespace {

v1::Job job(const std::string& id, const std::string& input = "", const std::string& request_id = "") {
  v1::Job job;
  job.set_id(id);
  job.set_task("sample.add");
  job.set_state(v1::JOB_STATE_QUEUED);
  job.mutable_input()->set_proto(input);
  job.set_request_id(request_id);
  return job;
}

absl::Status end(Store& store, const std::string& id, absl::Time expires = absl::FromUnixSeconds(1000)) {
  return store
      .update(id,
              [&](v1::Job& changed) {
                changed.set_state(v1::JOB_STATE_SUCCEEDED);
                *changed.mutable_expire_time() = to_proto(expires);
                changed.add_results()->set_proto("result");
                return absl::OkStatus();
              })
      .status();
}

std::vector<std::string> ids(const JobPage& page) {
  std::vector<std::string> out;
  for (const v1::Job& listed : page.jobs) out.push_back(listed.id());
  return out;
}

const auto kAny = [](const v1::Job&) { return true; };

TEST(Store, KeepsAJobWithItsPayloads) {
  MemoryStore store({});
  ASSERT_TRUE(store.insert(job("a", "input")).ok());
  ASSERT_TRUE(end(store, "a").ok());
  const auto all = store.get("a", JobParts::kAll);
  EXPECT_EQ(all->input().proto(), "input");
  EXPECT_EQ(all->results(0).proto(), "result");
  const auto light = store.get("a", JobParts::kWithoutPayloads);
  EXPECT_FALSE(light->has_input());
  EXPECT_EQ(light->results_size(), 0);
  EXPECT_EQ(light->state(), v1::JOB_STATE_SUCCEEDED);
}

TEST(Store, AnEndedJobNeverChanges) {
  MemoryStore store({});
  ASSERT_TRUE(store.insert(job("a")).ok());
  ASSERT_TRUE(end(store, "a").ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(end(store, "a")));
}

TEST(Store, AChangeThatFailsKeepsNothing) {
  MemoryStore store({});
  ASSERT_TRUE(store.insert(job("a")).ok());
  EXPECT_TRUE(absl::IsAborted(store
                                  .update("a",
                                          [](v1::Job& changed) {
                                            changed.set_state(v1::JOB_STATE_FAILED);
                                            return absl::AbortedError("no");
                                          })
                                  .status()));
  EXPECT_EQ(store.get("a", JobParts::kAll)->state(), v1::JOB_STATE_QUEUED);
}

TEST(Store, ARepeatedRequestIdFindsTheFirstJob) {
  MemoryStore store({});
  ASSERT_TRUE(store.insert(job("a", "x", "once"))->is_new);
  const auto again = store.insert(job("b", "x", "once"));
  EXPECT_FALSE(again->is_new);
  EXPECT_EQ(again->job.id(), "a");
  EXPECT_TRUE(absl::IsNotFound(store.get("b", JobParts::kAll).status()));
}

TEST(Store, ListsTheNewestFirstPageByPage) {
  MemoryStore store({});
  for (int i = 0; i < 2000; ++i) ASSERT_TRUE(store.insert(job(std::to_string(i))).ok());
  const auto first = store.list(kAny, 2, 0);
  EXPECT_EQ(ids(*first), (std::vector<std::string>{"1999", "1998"}));
  EXPECT_EQ(ids(*store.list(kAny, 2, first->next)), (std::vector<std::string>{"1997", "1996"}));
  const auto one = store.list([](const v1::Job& j) { return j.id() == "3"; }, 2, 0);
  EXPECT_EQ(ids(*one), std::vector<std::string>{"3"});
  EXPECT_EQ(one->next, 0U);
}

TEST(Store, ForgetsOnlyWhatHasEnded) {
  MemoryStore store({});
  ASSERT_TRUE(store.insert(job("a")).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(store.erase("a")));
  EXPECT_EQ(store.next_expiry(), absl::InfiniteFuture());
  ASSERT_TRUE(end(store, "a").ok());
  EXPECT_EQ(store.next_expiry(), absl::FromUnixSeconds(1000));
  EXPECT_EQ(*store.erase_expired(absl::FromUnixSeconds(999), 10), 0U);
  EXPECT_EQ(*store.erase_expired(absl::FromUnixSeconds(1000), 10), 1U);
  EXPECT_TRUE(absl::IsNotFound(store.erase("a")));
  EXPECT_EQ(store.counts().at({"sample.add", v1::JOB_STATE_SUCCEEDED}), 0);
}

TEST(MemoryStore, EndedJobsMakeRoomAndOthersDoNot) {
  MemoryStore store({.max_retained = 10, .max_stored_bytes = 100});
  ASSERT_TRUE(store.insert(job("old", std::string(60, 'x'))).ok());
  const auto refused = store.insert(job("new", std::string(60, 'x')));
  EXPECT_TRUE(absl::IsResourceExhausted(refused.status()));
  EXPECT_EQ(reason_of(refused.status()), "STORE_FULL");
  ASSERT_TRUE(end(store, "old").ok());
  EXPECT_TRUE(store.insert(job("new", std::string(60, 'x'))).ok());
  EXPECT_TRUE(absl::IsNotFound(store.get("old", JobParts::kAll).status()));
}

TEST(MemoryStore, KeepsAsManyEndedJobsAsItMay) {
  MemoryStore store({.max_retained = 2, .max_stored_bytes = 1000});
  for (const char* id : {"a", "b", "c"}) {
    ASSERT_TRUE(store.insert(job(id)).ok());
    ASSERT_TRUE(end(store, id).ok());
  }
  EXPECT_EQ(ids(*store.list(kAny, 10, 0)), (std::vector<std::string>{"c", "b"}));
}

}  // namespace
}  // namespace novelo::daemon
