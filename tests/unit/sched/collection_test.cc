// A collection because of the time.
#include "sched/collection.h"

#include "novelo/gc.h"
#include "os/clock.h"
#include "support/runtime_fixture.h"

namespace novelo::rt {
namespace {

class CollectionTest : public testing::RuntimeTest {};
NOVELO_WITH_PROCS(CollectionTest);

TEST_P(CollectionTest, WhenItIsDueThereIsACycleAndAllAreTold) {
  run([] {
    gc::collect();  // there is a collector
    const gc::Stats before = gc::stats();
    testing::yield_until([&] {
      collection_is_due();  // one that is under way already will do
      return gc::stats().cycles_for_period > before.cycles_for_period;
    });
    const std::int64_t begun = steady_ns();
    collection_is_due();
    testing::yield_until([begun] { return last_collection_ns() >= begun; });
    EXPECT_GT(gc::stats().cycles, before.cycles);
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
