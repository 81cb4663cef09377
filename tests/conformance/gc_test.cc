// The collected heap as programs see it: what keeps objects alive, what does not, and what happens when they go.
#include "novelo/gc.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/runtime_fixture.h"

namespace novelo {
namespace {

struct Node {
  gc::Ptr<Node> next;
  std::int64_t value = 0;
};

// Counts those that were destroyed.
struct Counted {
  explicit Counted(std::shared_ptr<std::atomic<int>> the_count) : count(std::move(the_count)) {}
  ~Counted() { ++*count; }
  std::shared_ptr<std::atomic<int>> count;  // one that this test leaves behind is destroyed in the next
  gc::Ptr<Node> kept;
};

// Overwrites what calls before have left on the stack.
[[gnu::noinline]] void clear_stack_below() {
  volatile char room[4096];
  for (volatile char& byte : room) byte = 0;
}

void collect_all() {
  for (int i = 0; i < 3; ++i) {
    clear_stack_below();
    gc::collect();
  }
}

// Cycles until as many as that were destroyed or called: by a goroutine that runs when it has its turn.
template <class Count>
void collect_until(const std::atomic<Count>& count, std::type_identity_t<Count> at_least) {
  for (int i = 0; i < 1000 && count < at_least; ++i) {
    collect_all();
    yield();
  }
}

gc::Ptr<Node> make_list(int n) {
  gc::Ptr<Node> head;
  for (int i = n; i-- > 0;) head = gc::make<Node>(head, i);
  return head;
}

std::int64_t sum_of(gc::Ptr<Node> list) {
  std::int64_t sum = 0;
  for (; list; list = list->next) sum += list->value;
  return sum;
}

constexpr std::int64_t sum_below(std::int64_t n) {
  return n * (n - 1) / 2;
}

class GcTest : public testing::RuntimeTest {};

TEST_P(GcTest, MakeConstructsFromItsArgumentsAndDefaults) {
  run([] {
    EXPECT_EQ(gc::make<Node>()->value, 0);
    EXPECT_EQ(gc::make<Node>(nullptr, 7)->value, 7);
    EXPECT_EQ(*gc::make<std::string>(3, 'x'), "xxx");
    EXPECT_EQ(*gc::make<int>(5), 5);
  });
}

TEST_P(GcTest, WhatAStackRefersToOutlivesCollections) {
  run([] {
    const gc::Ptr<Node> list = make_list(10'000);
    for (int i = 0; i < 3; ++i) gc::collect();
    EXPECT_EQ(sum_of(list), sum_below(10'000));
  });
}

TEST_P(GcTest, ARawPointerIntoAnObjectKeepsIt) {
  run([] {
    std::int64_t* inside = &gc::make<Node>(make_list(100), 41)->value;
    gc::collect();
    make_list(1000);
    gc::collect();
    *inside += 1;
    EXPECT_EQ(*inside, 42);
  });
}

TEST_P(GcTest, APointerPastTheLastElementKeepsAnArray) {
  run([] {
    constexpr std::size_t kSize = 64;
    const std::int64_t* past = [] {
      const auto array = gc::make_array<std::int64_t>(kSize);
      std::iota(array.begin(), array.end(), 0);
      return array.end();
    }();
    for (int i = 0; i < 3; ++i) {
      gc::collect();
      for (int k = 0; k < 100; ++k) gc::make_array<std::int64_t>(kSize)[0] = -1;
    }
    EXPECT_EQ(past[-1], static_cast<std::int64_t>(kSize) - 1);
    EXPECT_EQ(past[-static_cast<std::ptrdiff_t>(kSize)], 0);
  });
}

TEST_P(GcTest, WhatNothingRefersToIsDestroyedOnceAndItsMemoryIsUsedAgain) {
  run([] {
    const auto destroyed = std::make_shared<std::atomic<int>>(0);
    [&] {
      for (int i = 0; i < 100; ++i) gc::make<Counted>(destroyed);
    }();
    collect_until(*destroyed, 95);
    EXPECT_GE(destroyed->load(), 95);  // a stale word on a stack may keep a few
    EXPECT_LE(destroyed->load(), 100);
    const std::uint64_t objects = gc::stats().heap_objects;
    for (int round = 0; round < 20; ++round) {
      for (int i = 0; i < 10'000; ++i) gc::make<Node>();
      gc::collect();
    }
    EXPECT_LT(gc::stats().heap_objects, objects + 50'000);
  });
}

TEST_P(GcTest, ADestructorSeesWhatItsObjectRefersTo) {
  run([] {
    static std::atomic<std::int64_t> seen{0};
    struct Owner {
      gc::Ptr<Node> list;
      ~Owner() { seen += sum_of(list); }
    };
    seen = 0;
    [] { gc::make<Owner>()->list = make_list(100); }();
    collect_until(seen, 1);
    EXPECT_EQ(seen.load(), sum_below(100));
  });
}

TEST_P(GcTest, ArrayElementsAreDestroyedOnceEach) {
  run([] {
    static std::atomic<int> destroyed{0};
    struct Element {
      ~Element() { ++destroyed; }
      int value = 0;
    };
    destroyed = 0;
    [] {
      for (int i = 0; i < 10; ++i) EXPECT_EQ(gc::make_array<Element>(1000).size(), 1000u);
    }();
    collect_until(destroyed, 9000);
    testing::yield_until([] { return destroyed.load() % 1000 == 0; });  // all of an array
    EXPECT_GE(destroyed.load(), 9000);                                  // a stale word on a stack may keep one
    EXPECT_LE(destroyed.load(), 10'000);
  });
}

TEST_P(GcTest, ARootKeepsFromAnywhereAndItsEndLetsGo) {
  run([] {
    const auto destroyed = std::make_shared<std::atomic<int>>(0);
    auto roots = std::make_unique<std::vector<gc::Root<Counted>>>();
    [&] {
      for (int i = 0; i < 10; ++i) roots->push_back(gc::make<Counted>(destroyed));
    }();
    collect_all();
    EXPECT_EQ(destroyed->load(), 0);
    roots.reset();
    collect_until(*destroyed, 9);
    EXPECT_GE(destroyed->load(), 9);
  });
}

TEST_P(GcTest, AForeignThreadReadsThroughARoot) {
  run([] {
    const gc::Root<Node> root = make_list(1000);
    std::int64_t sum = 0;
    blocking([&] { std::thread([&] { sum = sum_of(root); }).join(); });
    EXPECT_EQ(sum, sum_below(1000));
  });
}

TEST_P(GcTest, AWeakReferenceIsNullOnceItsObjectIsGone) {
  run([] {
    std::vector<gc::Weak<Node>> gone(10);
    gc::Ptr<Node> kept = gc::make<Node>(nullptr, 3);
    const gc::Weak<Node> weak = kept;
    [&] {
      for (auto& one : gone) one = gc::make<Node>();
    }();
    collect_all();
    int left = 0;
    for (const auto& one : gone) left += one.get() != nullptr ? 1 : 0;
    EXPECT_LE(left, 1);
    ASSERT_EQ(weak.get(), kept);
    EXPECT_EQ(weak.get()->value, 3);
    EXPECT_EQ(gc::Weak<Node>().get(), nullptr);
  });
}

struct First {
  std::array<std::int64_t, 8> numbers{};
};
struct Second {
  std::int64_t value = 5;
};
struct Both : First, Second {};

TEST_P(GcTest, AReferenceToABaseKeepsTheWhole) {
  run([] {
    const auto cleaned = std::make_shared<std::atomic<int>>(0);
    const gc::Ptr<Second> second = gc::make<Both>();
    const gc::Weak<Second> weak = second;
    gc::add_cleanup(second, [cleaned] { ++*cleaned; });
    collect_all();
    for (int i = 0; i < 1000; ++i) gc::make<Both>()->value = -1;
    EXPECT_EQ(second->value, 5);
    EXPECT_EQ(weak.get(), second);
    EXPECT_EQ(cleaned->load(), 0);
  });
}

TEST_P(GcTest, ACleanupRunsOnceAndAStoppedOneNever) {
  run([] {
    auto runs = std::make_shared<std::atomic<int>>(0);
    auto stopped_runs = std::make_shared<std::atomic<int>>(0);
    [&] {
      for (int i = 0; i < 10; ++i) {
        const auto object = gc::make<Node>();
        gc::add_cleanup(object, [runs] { ++*runs; });
        gc::add_cleanup(object, [runs] { ++*runs; });
        gc::Cleanup stopped = gc::add_cleanup(object, [stopped_runs] { ++*stopped_runs; });
        EXPECT_TRUE(stopped.stop());
        EXPECT_FALSE(stopped.stop());
      }
    }();
    collect_until(*runs, 18);
    EXPECT_GE(runs->load(), 18);
    EXPECT_LE(runs->load(), 20);
    EXPECT_EQ(stopped_runs->load(), 0);
  });
}

TEST_P(GcTest, WhatIsFoundWhileACleanupRunsIsCleanedUpWithoutAnotherCycle) {
  run([] {
    const auto go_on = make_chan<Unit>();
    const auto has_begun = std::make_shared<std::atomic<int>>(0);
    const auto cleaned = std::make_shared<std::atomic<int>>(0);
    for (int i = 0; i < 10; ++i) {
      gc::add_cleanup(gc::make<Node>(), [go_on, has_begun] {
        ++*has_begun;
        static_cast<void>(go_on.recv());
      });
    }
    collect_until(*has_begun, 1);
    for (int i = 0; i < 10; ++i) gc::add_cleanup(gc::make<Node>(), [cleaned] { ++*cleaned; });
    for (int i = 0; i < 3; ++i) gc::collect();
    EXPECT_EQ(cleaned->load(), 0);  // one at a time
    go_on.close();
    testing::yield_until([&] { return *cleaned >= 8; });
    EXPECT_LE(cleaned->load(), 10);
  });
}

TEST_P(GcTest, ChannelsClosuresAndResultsKeepWhatTheyHold) {
  run([] {
    const auto chan = make_chan<gc::Ptr<Node>>(4);
    chan.send(make_list(100));
    chan.send(make_list(200));
    auto result = spawn([list = make_list(300)] {
      yield();
      gc::collect();
      EXPECT_EQ(sum_of(list), sum_below(300));
      return make_list(400);
    });
    struct Big {
      char bytes[200] = {};
      gc::Ptr<Node> list;
    };
    auto big = spawn([big = Big{{}, make_list(500)}] {
      gc::collect();
      return sum_of(big.list);
    });
    EXPECT_EQ(big.join(), sum_below(500));
    collect_all();
    for (int i = 0; i < 1000; ++i) gc::make<Node>(nullptr, -1);
    EXPECT_EQ(sum_of(*chan.recv()), sum_below(100));
    EXPECT_EQ(sum_of(*chan.recv()), sum_below(200));
    EXPECT_EQ(sum_of(result.join()), sum_below(400));
  });
}

TEST_P(GcTest, LocalsAndContextValuesKeepWhatTheyHold) {
  run([] {
    static Local<gc::Ptr<Node>> local;
    struct Key {
      using type = gc::Ptr<Node>;
    };
    local.set(make_list(100));
    const Context context = with_value<Key>(Context::background(), make_list(200));
    collect_all();
    for (int i = 0; i < 1000; ++i) gc::make<Node>(nullptr, -1);
    EXPECT_EQ(sum_of(local.get()), sum_below(100));
    EXPECT_EQ(sum_of(*context.value<Key>()), sum_below(200));
    local.set(nullptr);
  });
}

TEST_P(GcTest, AGoroutineInBlockingKeepsWhatItsStackRefersTo) {
  run([] {
    std::atomic<bool> is_in{false};
    std::atomic<bool> may_leave{false};
    auto blocked = spawn([&] {
      const gc::Ptr<Node> list = make_list(1000);
      blocking([&] {
        is_in = true;
        is_in.notify_all();
        may_leave.wait(false);
      });
      return sum_of(list);
    });
    while (!is_in) yield();
    gc::collect();
    for (int i = 0; i < 5000; ++i) gc::make<Node>(nullptr, -1);
    gc::collect();
    may_leave = true;
    may_leave.notify_all();
    EXPECT_EQ(blocked.join(), sum_below(1000));
  });
}

TEST_P(GcTest, MakingOutsideAGoroutineOrInBlockingIsAnError) {
  EXPECT_THROW(gc::make<Node>(), RuntimeError);
  EXPECT_THROW(gc::collect(), RuntimeError);
  run([] {
    gc::make<Node>();
    blocking([] { EXPECT_THROW(gc::make<Node>(), RuntimeError); });
    EXPECT_EQ(gc::make<Node>(nullptr, 1)->value, 1);
  });
}

TEST_P(GcTest, ContainersKeepTheirElements) {
  run([] {
    struct Library {
      gc::Vector<gc::Ptr<Node>> lists;
      gc::String name;
      gc::Vector<gc::String> titles;
    };
    const auto library = gc::make<Library>();
    for (int i = 0; i < 1000; ++i) {
      library->lists.push_back(make_list(i % 10));
      library->titles.push_back(gc::String("a title that is too long to be kept inside: ") + gc::String("x", 1));
      library->name += "y";
      if (i % 250 == 0) gc::collect();
    }
    collect_all();
    for (int i = 0; i < 10'000; ++i) gc::make<Node>(nullptr, -1);
    std::int64_t sum = 0;
    for (const auto& list : library->lists) sum += sum_of(list);
    EXPECT_EQ(sum, 100 * (0 + 0 + 1 + 3 + 6 + 10 + 15 + 21 + 28 + 36));
    EXPECT_EQ(library->name, gc::String(1000, 'y'));
    for (const auto& title : library->titles) EXPECT_EQ(title.size(), 45u);
  });
}

TEST_P(GcTest, AMapDoesAsStdMapDoes) {
  run([] {
    const auto map = gc::make<gc::Map<int, gc::Ptr<Node>>>();
    std::map<int, std::int64_t> expected;
    std::uint64_t random = 1;
    for (int i = 0; i < 5000; ++i) {
      random = random * 6'364'136'223'846'793'005 + 1'442'695'040'888'963'407;
      const int key = static_cast<int>(random >> 33) % 500;
      switch (random >> 62) {
        case 0:
          ASSERT_EQ(map->erase(key), expected.erase(key));
          break;
        case 1:
          map->insert_or_assign(key, make_list(i % 10));
          expected[key] = sum_below(i % 10);
          break;
        default:
          ASSERT_EQ(map->try_emplace(key, make_list(3)).second, expected.try_emplace(key, sum_below(3)).second);
          break;
      }
      if (i % 1000 == 0) gc::collect();
    }
    collect_all();
    ASSERT_EQ(map->size(), expected.size());
    auto it = map->begin();
    for (const auto& [key, sum] : expected) {
      ASSERT_EQ(it->first, key);
      ASSERT_EQ(sum_of(it->second), sum);
      ASSERT_EQ(map->find(key), it);
      ++it;
    }
    EXPECT_EQ(it, map->end());
    EXPECT_EQ((--it)->first, expected.rbegin()->first);
    EXPECT_EQ(map->lower_bound(-1), map->begin());
    EXPECT_FALSE(map->contains(500));
    EXPECT_THROW(map->at(500), std::out_of_range);
    while (!map->empty()) map->erase(map->begin());
    EXPECT_EQ(map->begin(), map->end());
  });
}

TEST_P(GcTest, AMapIsCopiedAndMovedAsAWhole) {
  run([] {
    gc::Map<gc::String, int> one{{"a", 1}, {"b", 2}};
    gc::Map<gc::String, int> two = one;
    two["c"] = 3;
    EXPECT_EQ(one.size(), 2u);
    EXPECT_EQ(two.at("c"), 3);
    EXPECT_FALSE(one == two);
    one = std::move(two);
    EXPECT_EQ(one.size(), 3u);
    EXPECT_TRUE(two.empty());  // NOLINT(bugprone-use-after-move): it is empty afterwards
  });
}

TEST_P(GcTest, LargeObjectsAreKeptLookedIntoAndGivenBack) {
  run([] {
    const auto array = gc::make_array<gc::Ptr<Node>>(500'000);
    for (std::size_t i = 0; i < array.size(); i += 1000) array[i] = gc::make<Node>(nullptr, static_cast<int>(i));
    gc::collect();
    for (int i = 0; i < 10'000; ++i) gc::make<Node>(nullptr, -1);
    gc::collect();
    for (std::size_t i = 0; i < array.size(); i += 1000) ASSERT_EQ(array[i]->value, static_cast<int>(i));
    const std::uint64_t before = gc::stats().heap_live_bytes;
    for (int i = 0; i < 20; ++i) gc::make_array<char>(10 << 20);
    collect_all();
    EXPECT_LT(gc::stats().heap_live_bytes, before + (30 << 20));
  });
}

TEST_P(GcTest, StatsTellWhatWasAskedForAndWhatItTook) {
  run([] {
    const gc::Stats before = gc::stats();
    const gc::Ptr<Node> list = make_list(10'000);
    gc::collect();
    gc::collect();
    const gc::Stats after = gc::stats();
    EXPECT_GE(after.cycles, before.cycles + 2);
    EXPECT_GE(after.cycles_requested, before.cycles_requested + 2);
    EXPECT_GE(after.heap_live_bytes, 160'000u);
    EXPECT_GE(after.heap_goal_bytes, after.heap_live_bytes);
    EXPECT_GE(after.total_alloc_objects, before.total_alloc_objects + 9'000);
    EXPECT_GT(after.mark_seconds, before.mark_seconds);
    EXPECT_GT(after.sweep_seconds, before.sweep_seconds);
    EXPECT_GE(after.assist_seconds, before.assist_seconds);
    EXPECT_EQ(sum_of(list), sum_below(10'000));
  });
}

TEST_P(GcTest, TheHeapIsCollectedWithoutBeingAsked) {
  run([] {
    const std::uint64_t before = gc::stats().cycles;
    for (int i = 0; i < 4'000'000; ++i) gc::make<Node>();
    EXPECT_GT(gc::stats().cycles, before);
    EXPECT_LT(gc::stats().heap_bytes, std::uint64_t{48} << 20);
  });
}

// However seldom the collector gets a core: who allocates waits for it.
TEST_P(GcTest, ManyWhoAllocateDoNotOutrunTheCollector) {
  run([] {
    const gc::Ptr<Node> list = make_list(200'000);
    collect_all();
    struct Most {
      std::uint64_t heap = 0;
      std::uint64_t ceiling = 0;
    };
    std::array<Most, 16> seen;
    WaitGroup group;
    for (Most& most : seen) {
      group.go([&most] {
        for (int n = 0; n < 100'000; ++n) {
          gc::make_array<char>(100);
          if (n % 64 != 0) continue;
          const gc::Stats now = gc::stats();
          const std::uint64_t growth = now.heap_goal_bytes - std::min(now.heap_goal_bytes, now.heap_live_bytes);
          most.heap = std::max(most.heap, now.heap_bytes);
          most.ceiling = std::max(most.ceiling, now.heap_goal_bytes + growth / 4);
        }
      });
    }
    group.wait();
    Most most;
    for (const Most& one : seen) most = {std::max(most.heap, one.heap), std::max(most.ceiling, one.ceiling)};
    constexpr std::uint64_t kUnaccounted = std::uint64_t{1} << 20;  // in the hands of goroutines about to wait
    EXPECT_LE(most.heap, most.ceiling + kUnaccounted);
    EXPECT_EQ(sum_of(list), sum_below(200'000));
  });
}

// A type whose members cannot be seen: each of its words may be a reference.
class Secretive {
 public:
  explicit Secretive(gc::Ptr<Node> list) : list_(list) {}
  std::int64_t sum() const { return sum_of(list_); }

 private:
  [[maybe_unused]] int before_ = 0;
  gc::Ptr<Node> list_;
};

TEST_P(GcTest, ATypeThatIsNotDescribedIsLookedIntoWordByWord) {
  run([] {
    const auto secret = gc::make<Secretive>(make_list(1000));
    collect_all();
    for (int i = 0; i < 5000; ++i) gc::make<Node>(nullptr, -1);
    EXPECT_EQ(secret->sum(), sum_below(1000));
  });
}

NOVELO_WITH_PROCS(GcTest);

TEST(GcDeterministicTest, ASeedGivesTheSameInterleavingWithCollections) {
  const auto run = [](std::uint64_t seed) {
    std::vector<int> order;
    RuntimeOptions options;
    options.seed = seed;
    Runtime runtime(std::move(options));
    runtime.run([&order] {
      const auto chan = make_chan<gc::Ptr<Node>>(2);
      WaitGroup group;
      for (int i = 0; i < 4; ++i) {
        group.go([&order, chan, i] {
          for (int k = 0; k < 20; ++k) {
            chan.send(make_list(1000));
            order.push_back(i);
            if (k % 8 == i) gc::collect();
            if (sum_of(*chan.recv()) != sum_below(1000)) order.push_back(-1);
          }
        });
      }
      group.wait();
    });
    return order;
  };
  EXPECT_EQ(run(7), run(7));
  EXPECT_NE(run(7), run(8));
  const std::vector<int> order = run(9);
  EXPECT_EQ(std::count(order.begin(), order.end(), -1), 0);
}

}  // namespace
}  // namespace novelo
