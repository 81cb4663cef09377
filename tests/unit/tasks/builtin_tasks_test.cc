// The built-in tasks, called as the daemon calls them.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <iostream>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "novelo/novelo.h"
#include "support/builtin_task.h"
#include "support/runtime_fixture.h"
#include "support/temporary_tree.h"

namespace novelo {
namespace {

using testing::TaskCall;

class BuiltinTasks : public testing::RuntimeTest {
 protected:
  testing::TemporaryTree tree_;
};
NOVELO_WITH_PROCS(BuiltinTasks);

TEST(BuiltinTasksRegistry, HoldsEachOfThemWithoutAnError) {
  std::vector<std::string> names;
  for (const Task* task : tasks()) names.emplace_back(task->name());
  EXPECT_EQ(names,
            (std::vector<std::string>{"bench.binary_trees", "bench.deep_recursion", "bench.gc_churn", "bench.ping_pong",
                                      "bench.sieve", "bench.skynet", "text.grep", "text.word_count"}));
  EXPECT_EQ(registration_errors(), std::vector<std::string>());
}

TEST(BuiltinTasksRegistry, DocumentsEveryTaskAndField) {
  for (const Task* task : tasks()) {
    EXPECT_FALSE(task->doc().empty()) << task->name();
    EXPECT_EQ(task->module(), "builtin");
    EXPECT_FALSE(task->version().empty());
    for (const reflect::Type* type : {&task->input(), &task->output()}) {
      for (const reflect::Field& field : type->fields()) {
        EXPECT_FALSE(field.doc().empty()) << type->name() << "." << field.name();
      }
    }
  }
}

TEST_P(BuiltinTasks, WordCountCountsATree) {
  tree_.write("a", "The cat and the dog");
  tree_.write("b/c", "the END");
  run([&] {
    TaskCall call("text.word_count");
    ASSERT_TRUE(call.with("path", tree_.root()).with("top", std::int32_t{2}).run().ok());
    EXPECT_EQ(call.get<std::string>("words[0].word"), "the");
    EXPECT_EQ(call.get<std::int64_t>("words[0].count"), 3);
    EXPECT_EQ(call.get<std::string>("words[1].word"), "and");
    EXPECT_EQ(call.get<std::int64_t>("files"), 2);
    EXPECT_EQ(call.get<std::int64_t>("bytes"), 26);
    EXPECT_EQ(call.get<std::int64_t>("total_words"), 7);
    EXPECT_EQ(call.get<std::int64_t>("distinct_words"), 5);
  });
}

TEST_P(BuiltinTasks, WordCountOfManyFilesLosesNone) {
  for (int i = 0; i < 500; ++i) tree_.write("d" + std::to_string(i % 7) + "/" + std::to_string(i), "yarn ball yarn");
  run([&] {
    TaskCall call("text.word_count");
    ASSERT_TRUE(call.with("path", tree_.root()).run().ok());
    EXPECT_EQ(call.get<std::int64_t>("words[0].count"), 1000);
    EXPECT_EQ(call.get<std::int64_t>("words[1].count"), 500);
    EXPECT_EQ(call.get<std::int64_t>("files"), 500);
  });
}

TEST_P(BuiltinTasks, WordCountRefusesWhatItCannotRead) {
  run([&] {
    EXPECT_EQ(TaskCall("text.word_count").with("path", tree_.path("none")).run().code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(TaskCall("text.word_count").with("path", std::string("/dev/null")).run().code(),
              absl::StatusCode::kInvalidArgument);
    const absl::Status top = TaskCall("text.word_count").with("path", tree_.root()).with("top", std::int32_t{0}).run();
    EXPECT_EQ(top, absl::InvalidArgumentError("top is 0; it must be from 1 to 5000000"));
  });
}

// In a process of its own, since the superuser may read every file.
TEST(BuiltinTasksDeathTest, WordCountOfAFileThatMayNotBeReadNamesIt) {
  const testing::TemporaryTree tree;
  const std::string secret = tree.write("secret", "x");
  std::filesystem::permissions(secret, std::filesystem::perms::none);
  std::filesystem::permissions(tree.root(), static_cast<std::filesystem::perms>(0755));
  constexpr uid_t kNobody = 65534;
  EXPECT_EXIT(
      {
        if (geteuid() == 0 && setuid(kNobody) != 0) _exit(1);
        const absl::Status status =
            novelo::run([&] { return TaskCall("text.word_count").with("path", tree.root()).run(); });
        std::cerr << status << "\n";
        _exit(0);
      },
      ::testing::ExitedWithCode(0), "PERMISSION_DENIED: cannot open `.*/secret`: Permission denied");
}

TEST_P(BuiltinTasks, GrepFindsLinesInTheOrderOfTheTree) {
  const std::string first = tree_.write("a", "no\na yarn\n\nYARN\n");
  const std::string second = tree_.write("b/c", "yarn\xff");
  tree_.write("binary", std::string("yarn\0yarn", 9));
  run([&] {
    TaskCall call("text.grep");
    ASSERT_TRUE(call.with("path", tree_.root()).with("pattern", std::string("y.rn")).run().ok());
    ASSERT_EQ(call.replies(), 2u);
    EXPECT_EQ(call.get<std::string>("path", 0), first);
    EXPECT_EQ(call.get<std::int64_t>("line_number", 0), 2);
    EXPECT_EQ(call.get<std::string>("line", 0), "a yarn");
    EXPECT_EQ(call.get<std::string>("path", 1), second);
    EXPECT_EQ(call.get<std::string>("line", 1), "yarn\xEF\xBF\xBD");
  });
}

TEST_P(BuiltinTasks, GrepIgnoresCaseAndStopsAtTheMostMatches) {
  tree_.write("a", "no\na yarn\n\nYARN\nyarn\n");
  run([&] {
    TaskCall call("text.grep");
    call.with("path", tree_.root()).with("pattern", std::string("yArn")).with("ignore_case", true);
    ASSERT_TRUE(call.with("max_matches", std::int64_t{2}).run().ok());
    ASSERT_EQ(call.replies(), 2u);
    EXPECT_EQ(call.get<std::int64_t>("line_number", 1), 4);
  });
}

TEST_P(BuiltinTasks, GrepRefusesABadPatternWithTheReason) {
  run([&] {
    const absl::Status status =
        TaskCall("text.grep").with("path", tree_.root()).with("pattern", std::string("a(b")).run();
    EXPECT_EQ(status, absl::InvalidArgumentError(
                          "pattern `a(b` is no regular expression: missing ): a(b (the syntax is RE2's)"));
    EXPECT_EQ(TaskCall("text.grep").with("path", tree_.path("none")).with("pattern", std::string("a")).run().code(),
              absl::StatusCode::kNotFound);
  });
}

TEST_P(BuiltinTasks, GrepEndsItsGoroutinesWhenTheClientIsGone) {
  for (int i = 0; i < 50; ++i) tree_.write(std::to_string(i), std::string(5000, '\n'));
  run([&] {
    reflect::Value request(find_task("text.grep")->input());
    ASSERT_TRUE(request.set("path", reflect::Value::of(tree_.root())).ok());
    testing::MemoryStream stream({request.to_wire().value()});
    stream.on_write([](std::size_t number) {
      return number < 100 ? absl::OkStatus() : absl::UnavailableError("the client is gone");
    });
    EXPECT_EQ(find_task("text.grep")->run(stream), absl::UnavailableError("the client is gone"));
    EXPECT_EQ(stream.output().size(), 100u);
    EXPECT_EQ(num_goroutines(), 1u);
  });
}

TEST_P(BuiltinTasks, SkynetSumsEveryLeaf) {
  run([&] {
    TaskCall call("bench.skynet");
    ASSERT_TRUE(call.with("leaves", std::int64_t{1000}).run().ok());
    EXPECT_EQ(call.get<std::int64_t>("sum"), 499500);
    EXPECT_EQ(call.get<std::int64_t>("goroutines"), 1111);
    TaskCall uneven("bench.skynet");
    ASSERT_TRUE(uneven.with("leaves", std::int64_t{997}).with("fan_out", std::int64_t{3}).run().ok());
    EXPECT_EQ(uneven.get<std::int64_t>("sum"), 997 * 996 / 2);
    TaskCall one("bench.skynet");
    ASSERT_TRUE(one.with("leaves", std::int64_t{1}).run().ok());
    EXPECT_EQ(one.get<std::int64_t>("sum"), 0);
  });
}

TEST_P(BuiltinTasks, SieveFindsPrimes) {
  run([&] {
    TaskCall call("bench.sieve");
    ASSERT_TRUE(call.with("primes", std::int64_t{50}).run().ok());
    EXPECT_EQ(call.get<std::int64_t>("last_prime"), 229);
    EXPECT_EQ(num_goroutines(), 1u) << "its filters must have ended";
  });
}

TEST_P(BuiltinTasks, PingPongCountsRoundTrips) {
  run([&] {
    TaskCall call("bench.ping_pong");
    ASSERT_TRUE(call.with("round_trips", std::int64_t{1000}).run().ok());
    EXPECT_EQ(call.get<std::int64_t>("round_trips"), 1000);
    EXPECT_GT(call.get<absl::Duration>("elapsed"), absl::ZeroDuration());
  });
}

TEST_P(BuiltinTasks, DeepRecursionComesBackFromFarBeyondTheFirstStack) {
  run([&] {
    TaskCall call("bench.deep_recursion");
    ASSERT_TRUE(call.with("depth", std::int64_t{200'000}).run().ok());
    EXPECT_EQ(call.get<std::int64_t>("depth"), 200'000);
    EXPECT_GT(call.get<std::int64_t>("stack_bytes"), 200'000 * 64);
  });
}

class CollectorTasks : public testing::RuntimeTest {
 protected:
  // The collector may be in the middle of a cycle when the task has ended, and have a timer armed.
  void run(const std::function<void()>& body) {
    RuntimeTest::run([&] {
      body();
      gc::collect();
    });
  }
};
NOVELO_WITH_PROCS(CollectorTasks);

TEST_P(CollectorTasks, BinaryTreesCountsEveryNode) {
  run([&] {
    TaskCall call("bench.binary_trees");
    ASSERT_TRUE(call.with("depth", std::int64_t{12}).run().ok());
    // 2^12 trees of depth 4, 2^8 of depth 8, 2^4 of depth 12, and the one that stays.
    EXPECT_EQ(call.get<std::int64_t>("nodes"), 4096 * 31 + 256 * 511 + 16 * 8191 + 8191);
    EXPECT_GT(call.get<absl::Duration>("elapsed"), absl::ZeroDuration());
    EXPECT_GE(call.get<std::int64_t>("cycles"), 0);
    TaskCall least("bench.binary_trees");
    ASSERT_TRUE(least.with("depth", std::int64_t{4}).run().ok());
    EXPECT_EQ(least.get<std::int64_t>("nodes"), 16 * 31 + 31);
  });
}

TEST_P(CollectorTasks, BinaryTreesIsCollectedMeanwhile) {
  run([&] {
    TaskCall call("bench.binary_trees");
    ASSERT_TRUE(call.with("depth", std::int64_t{16}).run().ok());
    EXPECT_GT(call.get<std::int64_t>("cycles"), 0);
  });
}

TEST_P(CollectorTasks, GcChurnMakesWhatItIsAskedForWhateverTheShares) {
  run([&] {
    TaskCall call("bench.gc_churn");
    call.with("goroutines", std::int64_t{3}).with("objects", std::int64_t{4'000'000});
    ASSERT_TRUE(call.with("live_objects", std::int64_t{1000}).run().ok());
    EXPECT_EQ(call.get<std::int64_t>("objects"), 4'000'000);
    EXPECT_GT(call.get<double>("objects_per_second"), 0);
    EXPECT_GT(call.get<std::int64_t>("cycles"), 0);
    EXPECT_GT(call.get<absl::Duration>("pause_max"), absl::ZeroDuration());
    TaskCall few("bench.gc_churn");
    few.with("goroutines", std::int64_t{5}).with("objects", std::int64_t{3});
    ASSERT_TRUE(few.with("live_objects", std::int64_t{1}).run().ok());
    EXPECT_EQ(few.get<std::int64_t>("objects"), 3);
    EXPECT_EQ(num_goroutines(), 1u);
  });
}

TEST_P(CollectorTasks, EndWhenCancelled) {
  run([&] {
    const std::uint64_t before = gc::stats().cycles;
    auto trees = spawn([] { return TaskCall("bench.binary_trees").with("depth", std::int64_t{22}).run(); });
    auto objects =
        spawn([] { return TaskCall("bench.gc_churn").with("objects", std::int64_t{100'000'000'000}).run(); });
    testing::yield_until([before] { return gc::stats().cycles >= before + 2; });
    trees.cancel();
    objects.cancel();
    EXPECT_THROW(trees.join().IgnoreError(), JoinCancelled);
    EXPECT_THROW(objects.join().IgnoreError(), JoinCancelled);
  });
}

TEST_P(BuiltinTasks, BenchmarksNameTheLimitTheyRefuse) {
  run([&] {
    EXPECT_EQ(TaskCall("bench.binary_trees").with("depth", std::int64_t{3}).run(),
              absl::InvalidArgumentError("depth is 3; it must be from 4 to 24"));
    EXPECT_EQ(TaskCall("bench.binary_trees").with("depth", std::int64_t{25}).run(),
              absl::InvalidArgumentError("depth is 25; it must be from 4 to 24"));
    EXPECT_EQ(TaskCall("bench.gc_churn").with("goroutines", std::int64_t{0}).run(),
              absl::InvalidArgumentError("goroutines is 0; it must be from 1 to 100000"));
    EXPECT_EQ(TaskCall("bench.gc_churn").with("objects", std::int64_t{-1}).run(),
              absl::InvalidArgumentError("objects is -1; it must be from 1 to 100000000000"));
    EXPECT_EQ(TaskCall("bench.gc_churn").with("live_objects", std::int64_t{50'000'001}).run(),
              absl::InvalidArgumentError("live_objects is 50000001; it must be from 1 to 50000000"));
    EXPECT_EQ(TaskCall("bench.deep_recursion").with("depth", std::int64_t{-1}).run(),
              absl::InvalidArgumentError("depth is -1; it must be from 0 to 100000000"));
    EXPECT_EQ(TaskCall("bench.skynet").with("leaves", std::int64_t{10'000'001}).run(),
              absl::InvalidArgumentError("leaves is 10000001; it must be from 1 to 10000000"));
    EXPECT_EQ(TaskCall("bench.skynet").with("fan_out", std::int64_t{1}).run(),
              absl::InvalidArgumentError("fan_out is 1; it must be from 2 to 1000"));
    EXPECT_EQ(TaskCall("bench.sieve").with("primes", std::int64_t{10'001}).run(),
              absl::InvalidArgumentError("primes is 10001; it must be from 1 to 10000"));
    EXPECT_EQ(TaskCall("bench.ping_pong").with("round_trips", std::int64_t{0}).run(),
              absl::InvalidArgumentError("round_trips is 0; it must be from 1 to 100000000"));
  });
}

}  // namespace
}  // namespace novelo
