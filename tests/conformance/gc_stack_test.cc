// Collections while goroutines are deep: others run on, and what is referred to from deep stacks alone stays.
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <utility>

#include "novelo/gc.h"
#include "novelo/stack.h"
#include "support/runtime_fixture.h"
#include "support/seed.h"

namespace novelo {
namespace {

struct Numbered {
  std::int64_t number = 0;
};

// Goes as many levels down, calls `bottom` there, and says whether each level still has its object. A level takes more
// than half a KiB.
[[gnu::noinline]] bool hold(int level, const std::function<void()>& bottom) {  // NOLINT(misc-no-recursion)
  const auto object = gc::make<Numbered>(level);
  volatile char room[512];
  room[0] = 1;
  if (level == 0) {
    bottom();
  } else if (!hold(level - 1, bottom)) {
    return false;
  }
  return object->number == level && room[0] == 1;
}

constexpr int kDeep = 4;       // goroutines
constexpr int kLevels = 4000;  // two MiB

// Cycles, with new objects between them in the places of those that were lost.
void collect_often(int cycles) {
  for (int i = 0; i < cycles; ++i) {
    gc::collect();
    for (int n = 0; n < 5000; ++n) gc::make<Numbered>(-1);
  }
}

class GcStackTest : public testing::RuntimeTest {
 protected:
  // Goroutines that are deep and each do `step` there, again and again while the heap is collected.
  void collect_beside(const std::function<void()>& step) {
    run([&step] {
      const auto is_over = std::make_shared<std::atomic<bool>>(false);
      const auto whole = std::make_shared<std::atomic<int>>(0);
      WaitGroup down;
      WaitGroup group;
      down.add(kDeep);
      for (int i = 0; i < kDeep; ++i) {
        group.go([&down, step, is_over, whole] {
          const bool is_whole = hold(kLevels, [&] {
            down.done();
            while (!*is_over) step();
          });
          if (is_whole) ++*whole;
        });
      }
      down.wait();
      collect_often(20);
      *is_over = true;
      group.wait();
      EXPECT_EQ(*whole, kDeep);
    });
  }
};

NOVELO_WITH_PROCS(GcStackTest);

TEST_P(GcStackTest, WhoIsDeepAndYieldsKeepsWhatItHolds) {
  collect_beside([] { yield(); });
}

TEST_P(GcStackTest, WhoIsDeepAndAllocatesKeepsWhatItHolds) {
  collect_beside([] {
    for (int i = 0; i < 1000; ++i) gc::make<Numbered>(-2);
  });
}

TEST_P(GcStackTest, WhoIsDeepAndParksKeepsWhatItHolds) {
  collect_beside([] {
    const auto answers = make_chan<int>();
    go([answers] { answers.send(1); });
    answers.recv();
  });
}

TEST_P(GcStackTest, WhoIsDeepAndComesOutOfBlockingCallsKeepsWhatItHolds) {
  collect_beside([] { blocking([] { std::this_thread::yield(); }); });
}

TEST_P(GcStackTest, WhoIsDeepOnAThreadOfItsOwnKeepsWhatItHolds) {
  collect_beside([] {
    lock_os_thread();
    yield();
    unlock_os_thread();
  });
}

TEST_P(GcStackTest, WhoIsDeepOnAStackThatItLeftKeepsWhatItHolds) {
  collect_beside([] {
    const std::size_t left = stack_left();
    if (left < std::size_t{64} << 20) {
      grow_stack(left + (1 << 20), [] { yield(); });
    } else {
      yield();  // the runtime knows by now how deep it goes
    }
  });
}

struct Page {
  gc::Ptr<Page> next;
  std::array<std::uint64_t, 511> numbers;
};

[[gnu::noinline]] gc::Ptr<Page> make_pages(int n) {
  gc::Ptr<Page> pages;
  for (int i = 0; i < n; ++i) pages = gc::make<Page>(pages);
  return pages;
}

// The collector's goroutine may get the stack, and with it the words, of one that has ended.
TEST_P(GcStackTest, WhatAGoroutineHadThatHasEndedIsCollected) {
  run([] {
    for (int i = 0; i < 10; ++i) {
      spawn([] { EXPECT_NE(make_pages(5000), nullptr); }).join();
      constexpr std::uint64_t kFew = std::uint64_t{5000} * sizeof(Page) / 2;
      int cycles = 0;
      do gc::collect();
      while (++cycles < 5 && gc::stats().heap_live_bytes >= kFew);
      EXPECT_LT(gc::stats().heap_live_bytes, kFew);
    }
  });
}

// Calls `bottom` that far down.
[[gnu::noinline]] bool go_down(std::size_t bytes, const std::function<void()>& bottom) {  // NOLINT(misc-no-recursion)
  std::array<volatile char, 8192> room;
  room[0] = 1;
  if (bytes > room.size()) {
    if (!go_down(bytes - room.size(), bottom)) return false;
  } else {
    bottom();
  }
  return room[0] == 1;
}

// How often others get the processor during a cycle, while one goroutine waits that far down.
std::int64_t turns_during_cycle(std::size_t bytes) {
  const auto gate = make_chan<int>();
  WaitGroup down;
  WaitGroup group;
  down.add(1);
  group.go([&down, gate, bytes] {
    EXPECT_TRUE(go_down(bytes, [&] {
      down.done();
      gate.recv();
    }));
  });
  down.wait();
  const auto turns = std::make_shared<std::atomic<std::int64_t>>(0);
  const auto is_over = std::make_shared<std::atomic<bool>>(false);
  group.go([turns, is_over] {
    while (!*is_over) {
      ++*turns;
      yield();
    }
  });
  gc::collect();
  const std::int64_t before = *turns;
  gc::collect();
  const std::int64_t during = *turns - before;
  *is_over = true;
  gate.close();
  group.wait();
  return during;
}

TEST(GcStackOnOneProcessor, OthersRunWhileADeepStackIsLookedThrough) {
  RuntimeOptions options;
  options.max_procs = 1;
  Runtime(std::move(options)).run([] {
    std::int64_t shallow = 0;
    for (int i = 0; i < 5; ++i) shallow = std::max(shallow, turns_during_cycle(8192));
    EXPECT_GE(turns_during_cycle(std::size_t{100} << 20), shallow + 40);
  });
}

TEST_P(GcStackTest, WhoIsDeepGetsOnThoughOneCycleFollowsTheOther) {
  run([] {
    std::array<std::atomic<int>, kDeep> steps{};
    std::atomic<bool> is_over{false};
    WaitGroup group;
    for (std::atomic<int>& mine : steps) {
      group.go([&mine, &is_over] {
        hold(kLevels, [&] {
          while (!is_over) {
            for (int i = 0; i < 10'000; ++i) gc::make<Numbered>(-2);
            ++mine;
          }
        });
      });
    }
    const auto has_got_on = [](const std::atomic<int>& one) { return one > 0; };
    const std::uint64_t enough = gc::stats().cycles + 200;
    testing::yield_until(
        [&] { return std::all_of(steps.begin(), steps.end(), has_got_on) || gc::stats().cycles >= enough; });
    EXPECT_TRUE(std::all_of(steps.begin(), steps.end(), has_got_on));
    is_over = true;
    group.wait();
  });
}

// What lies so far below where this is called, in a frame of its own: whether memory is behind it.
[[gnu::noinline]] bool has_memory(const char* here, std::size_t below) {
  constexpr std::uintptr_t kPage = 4096;
  const std::uintptr_t page = (reinterpret_cast<std::uintptr_t>(here) - below) / kPage * kPage;
  unsigned char is_resident = 0;
  EXPECT_EQ(mincore(reinterpret_cast<void*>(page), kPage, &is_resident), 0);
  return (is_resident & 1) != 0;
}

TEST_P(GcStackTest, OneThatWaitsGivesBackWhatDeeperCallsTookAndGoesDeepAgain) {
  run([] {
    constexpr std::size_t kBelow = std::size_t{32} << 10;
    constexpr int kEnough = 150;  // levels: more than that
    std::atomic<const char*> place{nullptr};
    const auto gate = make_chan<int>();
    auto deep = spawn([&] {
      const std::array<volatile char, 1> here{1};
      EXPECT_TRUE(hold(kEnough, [] {}));
      EXPECT_TRUE(has_memory(const_cast<const char*>(here.data()), kBelow));
      place = const_cast<const char*>(here.data());
      const auto object = gc::make<Numbered>(4711);
      gate.recv();
      EXPECT_EQ(object->number, 4711);
      EXPECT_EQ(here[0], 1);
      EXPECT_TRUE(hold(kEnough, [] {}));
    });
    testing::yield_until([&] { return place != nullptr; });
    for (const testing::For patience{std::chrono::seconds(30)}; patience && has_memory(place, kBelow);) gc::collect();
    EXPECT_FALSE(has_memory(place, kBelow));
    gate.send(1);
    deep.join();
  });
}

}  // namespace
}  // namespace novelo
