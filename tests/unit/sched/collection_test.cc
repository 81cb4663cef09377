// A collection because of the time.
#include "sched/collection.h"

#include <utility>

#include "base/atomic.h"
#include "novelo/gc.h"
#include "os/clock.h"
#include "support/runtime_fixture.h"

namespace novelo::rt {
namespace {

// How many cycles had ended when all were told last.
constinit Atomic<std::uint64_t> g_cycles_told_of{0};

class CollectionTest : public testing::RuntimeTest {
 protected:
  static void SetUpTestSuite() {
    static bool is_added = false;  // suites are set up again when tests are repeated
    if (!std::exchange(is_added, true))
      add_collection_hook([]() noexcept { g_cycles_told_of.store(gc::stats().cycles, relaxed); });
  }
};
NOVELO_WITH_PROCS(CollectionTest);

TEST_P(CollectionTest, WhenItIsDueThereIsACycleAndAllAreTold) {
  run([] {
    gc::collect();  // there is a collector
    const gc::Stats before = gc::stats();
    testing::yield_until([&] {
      collection_is_due();  // one that is under way already will do
      return gc::stats().cycles_for_period > before.cycles_for_period;
    });
    testing::yield_until([&] { return g_cycles_told_of.load(relaxed) > before.cycles; });
    EXPECT_EQ(gc::stats().cycles_requested, before.cycles_requested);
  });
}

TEST_P(CollectionTest, WhereOnlyTheLimitCountsAllAreToldWithoutACycle) {
  run([] {
    const int percent = gc::set_percent(-1);
    gc::collect();
    const gc::Stats before = gc::stats();
    const std::int64_t begun = steady_ns();
    testing::yield_until([begun] {
      collection_is_due();
      return last_collection_ns() >= begun;
    });
    EXPECT_EQ(gc::stats().cycles_for_period, before.cycles_for_period);
    gc::set_percent(percent);
  });
}

}  // namespace
}  // namespace novelo::rt
