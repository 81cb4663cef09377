// What the runtime counts about itself, and the list of its goroutines.
#include "novelo/stats.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "support/runtime_fixture.h"

namespace novelo {
namespace {

class StatsTest : public testing::RuntimeTest {};
NOVELO_WITH_PROCS(StatsTest);

std::uint64_t parks(std::string_view reason) {
  for (const auto& [name, count] : runtime_stats().parks_total) {
    if (name == reason) return count;
  }
  ADD_FAILURE() << "no such reason: " << reason;
  return 0;
}

TEST_P(StatsTest, GoroutinesAreCountedByState) {
  run([] {
    auto gate = make_chan<Unit>();
    const std::uint64_t created = runtime_stats().goroutines_created_total;
    for (int i = 0; i < 30; ++i) go([gate] { gate.recv(); });
    testing::yield_until_waiting(30);
    const RuntimeStats stats = runtime_stats();
    EXPECT_EQ(stats.goroutines_waiting, 30u);
    EXPECT_EQ(stats.goroutines_running, 1u);
    EXPECT_EQ(stats.goroutines_runnable, 0u);
    EXPECT_EQ(stats.goroutines_created_total, created + 30);
    EXPECT_EQ(num_goroutines(), 31u);
    gate.close();
    testing::yield_until([] { return num_goroutines() == 1; });
  });
}

TEST_P(StatsTest, ProcessorsAreIdleOrRunning) {
  run([] {
    RuntimeStats stats = runtime_stats();
    // A goroutine that was slow, on a loaded machine, may have lost its processor; it gets one when it yields.
    while (stats.procs_running == 0 || stats.threads_running == 0) {
      yield();
      stats = runtime_stats();
    }
    EXPECT_EQ(stats.procs_running + stats.procs_idle, static_cast<std::uint64_t>(max_procs()));
    EXPECT_EQ(stats.run_queue_length.size(), static_cast<std::size_t>(max_procs()));
  });
}

TEST_P(StatsTest, ParksAreCountedByTheirReason) {
  run([] {
    const std::uint64_t slept = parks("sleep");
    const std::uint64_t joined = parks("join");
    for (int i = 0; i < 5; ++i) sleep(absl::Microseconds(200));
    spawn([] { sleep(absl::Milliseconds(1)); }).join();
    EXPECT_EQ(parks("sleep"), slept + 6);
    EXPECT_EQ(parks("join"), joined + 1);
    for (const char* reason :
         {"chan receive", "chan send", "select", "mutex", "wait group", "scope", "forever", "blocking"}) {
      parks(reason);  // each is a name of the list
    }
  });
}

TEST_P(StatsTest, BlockedThreadsAndHandoffsAreCounted) {
  run([] {
    const std::uint64_t before = runtime_stats().handoffs_total;
    std::uint64_t blocked = 0;
    blocking([&blocked] { blocked = runtime_stats().threads_blocked; });
    EXPECT_GE(blocked, 1u);
    EXPECT_GT(runtime_stats().handoffs_total, before);
  });
}

TEST_P(StatsTest, HistogramsCountEachTimerOnce) {
  run([] {
    const auto fired = [] {
      const DurationHistogram lateness = runtime_stats().timer_lateness;
      EXPECT_EQ(lateness.counts.size(), lateness.bounds_seconds.size() + 1);
      EXPECT_TRUE(std::is_sorted(lateness.bounds_seconds.begin(), lateness.bounds_seconds.end()));
      return std::accumulate(lateness.counts.begin(), lateness.counts.end(), std::uint64_t{0});
    };
    const std::uint64_t before = fired();
    for (int i = 0; i < 10; ++i) sleep(absl::Microseconds(100));
    EXPECT_EQ(fired(), before + 10);
  });
}

TEST_P(StatsTest, SchedulingLatencyIsSampled) {
  run([] {
    auto to = make_chan<int>();
    auto from = make_chan<int>();
    go([to, from] {
      for (int& v : to) from.send(v);
      from.close();
    });
    for (int i = 0; i < 2000; ++i) {  // one wake-up in 32 of each processor is timed
      to.send(i);
      from.recv();
    }
    to.close();
    from.recv();
    const DurationHistogram latency = runtime_stats().sched_latency;
    EXPECT_GT(std::accumulate(latency.counts.begin(), latency.counts.end(), std::uint64_t{0}), 10u);
    EXPECT_GT(latency.sum_seconds, 0.0);
  });
}

TEST_P(StatsTest, ArmedTimersAreCounted) {
  run([] {
    Timer one(absl::Hours(1));
    Timer two(absl::Hours(2));
    EXPECT_EQ(runtime_stats().timers, 2u);
    EXPECT_TRUE(one.stop());
    EXPECT_EQ(runtime_stats().timers, 1u);
    EXPECT_TRUE(two.stop());
  });
}

TEST_P(StatsTest, StacksInUseFollowTheGoroutines) {
  run([] {
    auto gate = make_chan<Unit>();
    const std::uint64_t before = runtime_stats().stack_in_use_bytes;
    for (int i = 0; i < 100; ++i) go([gate] { gate.recv(); });
    testing::yield_until_waiting(100);
    const std::uint64_t with = runtime_stats().stack_in_use_bytes;
    EXPECT_GE(with - before, 100u * (64 << 10));
    gate.close();
    testing::yield_until([before] { return runtime_stats().stack_in_use_bytes == before; });
    EXPECT_GE(runtime_stats().stack_idle_bytes, with - before);
  });
}

#if !defined(__SANITIZE_ADDRESS__)  // there the memory is malloc's
TEST_P(StatsTest, TheHeapHoldsWhatChannelsHold) {
  run([] {
    constexpr std::size_t kEach = 4096;
    constexpr std::size_t kChannels = 1000;
    const std::uint64_t before = runtime_stats().heap_in_use_bytes;
    std::vector<Chan<std::array<char, kEach>>> channels;
    for (std::size_t i = 0; i < kChannels; ++i) channels.push_back(make_chan<std::array<char, kEach>>(1));
    EXPECT_GE(runtime_stats().heap_in_use_bytes, before + kChannels * kEach);
    channels.clear();
    const RuntimeStats after = runtime_stats();
    EXPECT_LT(after.heap_in_use_bytes, before + kChannels * kEach / 4);
    EXPECT_GE(after.heap_free_bytes + after.heap_released_bytes, kChannels * kEach / 2);
  });
}

TEST_P(StatsTest, MuchThatIsFreeForAWhileIsGivenBackToTheSystem) {
  run([] {
    constexpr std::size_t kEach = std::size_t{1} << 20;
    constexpr std::size_t kChannels = 64;
    std::vector<Chan<std::array<char, kEach>>> channels;
    for (std::size_t i = 0; i < kChannels; ++i) channels.push_back(make_chan<std::array<char, kEach>>(1));
    const std::uint64_t before = runtime_stats().heap_released_bytes;
    channels.clear();
    testing::yield_until([before] { return runtime_stats().heap_released_bytes >= before + kChannels * kEach / 2; });
    EXPECT_LT(runtime_stats().heap_free_bytes, kChannels * kEach / 2);
  });
}
#endif

TEST_P(StatsTest, TheListNamesEachGoroutineItsStateAndWhatItWaitsFor) {
  run([] {
    auto gate = make_chan<Unit>();
    auto handle = spawn([gate] {
      set_goroutine_name("gate keeper");
      gate.recv();
    });
    testing::yield_until_waiting(1);
    bool found = false;
    bool found_main = false;
    for (const GoroutineInfo& g : list_goroutines()) {
      if (g.id == handle.id()) {
        found = true;
        EXPECT_EQ(g.name, "gate keeper");
        EXPECT_EQ(g.state, "waiting");
        EXPECT_EQ(g.reason, "chan receive");
        EXPECT_GE(g.waiting_seconds, 0.0);
      }
      if (g.id == goroutine_id()) {
        found_main = true;
        EXPECT_EQ(g.state, "running");
        EXPECT_TRUE(g.reason.empty());
      }
    }
    EXPECT_TRUE(found);
    EXPECT_TRUE(found_main);
    gate.close();
    handle.join();
    testing::yield_until([] { return list_goroutines().size() == 1; });
  });
}

TEST_P(StatsTest, ANameTooLongIsCut) {
  run([] {
    set_goroutine_name(std::string(100, 'n'));
    const auto all = list_goroutines();
    ASSERT_EQ(all.size(), 1u);
    EXPECT_EQ(all[0].name, std::string(47, 'n'));
  });
}

TEST(SystemFeatures, SayWhatIsInUseAndWhatAFallbackCosts) {
  const Runtime runtime;
  std::set<std::string_view> names;
  for (const SystemFeature& feature : system_features()) {
    EXPECT_TRUE(names.insert(feature.name).second) << feature.name;
    EXPECT_FALSE(feature.in_use.empty()) << feature.name;
    EXPECT_EQ(feature.note.empty(), !feature.is_fallback) << feature.name;
  }
  EXPECT_TRUE(names.contains("stack guards"));
}

}  // namespace
}  // namespace novelo
