// What a tree of goroutines holds of the collected heap, and what happens to the one that would hold more than it may.
#include <string>
#include <utility>

#include "novelo/gc.h"
#include "novelo/meter.h"
#include "support/runtime_fixture.h"

namespace novelo {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

struct Node {
  gc::Ptr<Node> next;
  char rest[56];
};
static_assert(sizeof(Node) == 64);

struct Holder {
  gc::ArrayPtr<std::int64_t> array;
};

class MeterHeapTest : public testing::RuntimeTest {};
NOVELO_WITH_PROCS(MeterHeapTest);

// A list of so many bytes.
[[gnu::noinline]] gc::Ptr<Node> list_of(std::uint64_t bytes) {
  gc::Ptr<Node> list;
  for (std::uint64_t made = 0; made < bytes; made += sizeof(Node)) {
    auto node = gc::make<Node>();
    node->next = std::exchange(list, node);
  }
  return list;
}

// Words on stacks may look like references for a while.
template <class Condition>
void collect_until(Condition condition) {
  do {
    gc::collect();
  } while (!condition());
}

TEST_P(MeterHeapTest, AllocatedBytesAreThoseOfTheTreeAndOfNobodyElse) {
  run([] {
    Meter meter;
    list_of(kMiB);
    meter.run([] {
      list_of(kMiB);
      spawn([] { list_of(kMiB); }).join();
    });
    list_of(kMiB);
    EXPECT_GE(meter.usage().allocated_bytes, 2 * kMiB - 64 * 1024);
    EXPECT_LE(meter.usage().allocated_bytes, 2 * kMiB + 64 * 1024);
  });
}

// Of several hundred samples, five standard deviations are a quarter.
TEST_P(MeterHeapTest, HeldIsWhatTheCollectorFindsAliveAndIsAboutRight) {
  run([] {
    Meter meter;
    gc::Root<Node> list;
    meter.run([&list] {
      spawn([&list] {
        list = list_of(24 * kMiB);
        list_of(8 * kMiB);
      }).join();
    });
    collect_until([&meter] { return meter.usage().heap_bytes < 30 * kMiB; });
    EXPECT_GE(meter.usage().heap_bytes, 18 * kMiB);
    list = gc::Ptr<Node>();
    spawn([] {}).join();
    collect_until([&meter] { return meter.usage().heap_bytes < kMiB; });
  });
}

TEST_P(MeterHeapTest, APatternInWhatIsAllocatedIsNotMistakenForTheWhole) {
  run([] {
    Meter meter;
    gc::Root<Node> kept;
    meter.run([&kept] {
      // Cells come by sixteen of this size: each that comes first lives, the others die.
      for (std::uint64_t made = 0; made < 256 * kMiB / 16; made += sizeof(Node)) {
        auto node = gc::make<Node>();
        node->next = kept.ptr();
        kept = node;
        for (int i = 1; i < 16; ++i) gc::make<Node>();
      }
    });
    gc::collect();
    EXPECT_GE(meter.usage().heap_bytes, 12 * kMiB);
    EXPECT_LE(meter.usage().heap_bytes, 20 * kMiB);
  });
}

TEST_P(MeterHeapTest, EachLargeObjectCountsFromItsFirstMomentToTheCycleAfterItsLast) {
  run([] {
    Meter meter;
    meter.run([&meter] {
      gc::Root<Holder> holder = gc::make<Holder>();
      spawn([&] {
        holder->array = gc::make_array<std::int64_t>(5 * kMiB / 8);
        const gc::Vector<std::int64_t> numbers(3 * kMiB / 8);
        EXPECT_EQ(meter.usage().heap_bytes / kMiB, 8u);
        EXPECT_EQ(numbers.size(), 3 * kMiB / 8);
      }).join();
      collect_until([&meter] { return meter.usage().heap_bytes / kMiB == 5; });
      holder->array = nullptr;
      collect_until([&meter] { return meter.usage().heap_bytes == 0; });
    });
  });
}

TEST_P(MeterHeapTest, WhatIsFreedByHandNoLongerCounts) {
  run([] {
    Meter meter;
    meter.run([&meter] {
      {
        const auto channel = make_chan<gc::Ptr<Node>>(3 * kMiB / 8);
        EXPECT_GE(meter.usage().heap_bytes, 3 * kMiB);
      }
      EXPECT_EQ(meter.usage().heap_bytes, 0u);
    });
  });
}

TEST_P(MeterHeapTest, WhoWouldHoldMoreThanTheLimitIsToldAndMayGoOnWithLess) {
  run([] {
    Meter meter;
    meter.limit_heap(16 * kMiB);
    meter.run([&meter] {
      std::string told;
      spawn([&told] {  // whose stack keeps nothing alive afterwards
        try {
          list_of(64 * kMiB);
        } catch (const HeapLimitExceeded& error) {
          told = error.what();
        }
      })
          .join();
      EXPECT_NE(told.find("they may hold 16777216"), std::string::npos) << told;
      collect_until([&meter] { return meter.usage().heap_bytes < 8 * kMiB; });
      EXPECT_NO_THROW(list_of(4 * kMiB));
    });
    EXPECT_NO_THROW(list_of(24 * kMiB)) << "who is not metered has no limit";
  });
}

TEST_P(MeterHeapTest, AllOfATreeAreHeldToItsLimitAndOthersAreNot) {
  run([] {
    Meter limited;
    Meter other;
    limited.limit_heap(16 * kMiB);
    gc::Root<Node> kept;
    auto greedy = limited.run([&kept] { return spawn([&kept] { kept = list_of(13 * kMiB); }); });
    greedy.join();
    gc::collect();
    limited.run([] { EXPECT_THROW(list_of(16 * kMiB), HeapLimitExceeded); });
    other.run([] { EXPECT_NO_THROW(list_of(16 * kMiB)); });
  });
}

TEST_P(MeterHeapTest, GarbageIsCollectedRatherThanRefusedAndNotTooOften) {
  run([] {
    gc::set_percent(1000);
    Meter meter;
    meter.limit_heap(8 * kMiB);
    const std::uint64_t before = gc::stats().cycles_for_meters;
    meter.run([] {
      for (int i = 0; i < 64; ++i) list_of(kMiB);
    });
    gc::set_percent(100);
    const std::uint64_t cycles = gc::stats().cycles_for_meters - before;
    EXPECT_GE(cycles, 4u);
    EXPECT_LE(cycles, 64u);
  });
}

TEST_P(MeterHeapTest, WhatIsLargerThanTheLimitIsNotEvenAllocated) {
  run([] {
    Meter meter;
    meter.limit_heap(kMiB);
    meter.run([] {
      const std::uint64_t before = gc::stats().total_alloc_bytes;
      EXPECT_THROW(gc::make_array<char>(64 * kMiB), HeapLimitExceeded);
      EXPECT_THROW(gc::Vector<char>(64 * kMiB), HeapLimitExceeded);
      EXPECT_LT(gc::stats().total_alloc_bytes - before, 32 * kMiB);
    });
  });
}

TEST_P(MeterHeapTest, WhatCleansUpAfterAnExceptionIsNotRefused) {
  run([] {
    struct AllocatesAtItsEnd {
      ~AllocatesAtItsEnd() { size = gc::make_array<char>(2 * kMiB).size(); }
      std::size_t& size;
    };
    std::size_t size = 0;
    Meter meter;
    meter.limit_heap(kMiB);
    meter.run([&size] {
      EXPECT_THROW(
          {
            const AllocatesAtItsEnd cleaner{size};
            throw std::runtime_error("out");
          },
          std::runtime_error);
    });
    EXPECT_EQ(size, 2 * kMiB);
  });
}

TEST_P(MeterHeapTest, TheInnerLimitIsTheInnersAlone) {
  run([] {
    Meter outer;
    Meter inner;
    inner.limit_heap(2 * kMiB);
    outer.run([&inner] {
      inner.run([] { EXPECT_THROW(list_of(16 * kMiB), HeapLimitExceeded); });
      EXPECT_NO_THROW(list_of(16 * kMiB));
    });
    EXPECT_GT(outer.usage().allocated_bytes, inner.usage().allocated_bytes + 15 * kMiB);
  });
}

}  // namespace
}  // namespace novelo
