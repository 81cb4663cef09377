// Who is found alive by which words; step by step, on goroutines that do not run.
#include "gc/leak_finder.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>

#include "heap/heap.h"
#include "sched/park.h"
#include "sched/scope.h"

namespace novelo::rt {
namespace {

class LeakFinderTest : public ::testing::Test {
 protected:
  ~LeakFinderTest() override {
    for (const auto& one : goroutines_) stacks_.give_segment(one->stack);
    for (const auto& [cell, bytes] : cells_) Heap::get().deallocate(cell, bytes, nullptr);
    scope_->unref();
  }

  char* make_cell(std::size_t bytes = 64) {
    cells_.emplace_back(static_cast<char*>(Heap::get().allocate(bytes, nullptr)), bytes);
    return cells_.back().first;
  }

  Goroutine& make_waiting(WaitReason reason, const void* object) {
    goroutines_.push_back(std::make_unique<Goroutine>());
    Goroutine& g = *goroutines_.back();
    g.id = goroutines_.size();
    g.scope = scope_;
    g.stack = stacks_.take_of(std::size_t{64} << 10);
    g.context.sp = g.stack.bottom + g.stack.size - 1024;
    for (const auto state : {GoroutineState::kRunnable, GoroutineState::kRunning, GoroutineState::kWaiting}) {
      g.set_state(state);
    }
    g.wait_reason = reason;
    g.wait_object = object;
    g.wait.arm(true);
    return g;
  }

  // Somebody alive has these words.
  template <class... Words>
  void look_at(Words... words) {
    const std::array<const void*, sizeof...(words)> all{words...};
    finder_.look(all.data(), all.data() + all.size());
  }

  std::size_t found() const { return finder_.found().size(); }

  CollectedHeap heap_{std::size_t{256} << 20};
  StackClasses stacks_;
  const std::size_t stacks_max_ = stacks_.reserve(64, std::size_t{1} << 20);
  ScopeCore* const scope_ = ScopeCore::make(nullptr, ScopeCore::Hold::kNone);
  std::vector<std::unique_ptr<Goroutine>> goroutines_;
  std::vector<std::pair<char*, std::size_t>> cells_;
  LeakFinder finder_{heap_, stacks_};
};

TEST_F(LeakFinderTest, WhoseChannelNobodyRefersToIsFound) {
  Goroutine& g = make_waiting(WaitReason::kChanReceive, make_cell());
  ASSERT_TRUE(finder_.consider(g));
  finder_.begin_finding();
  look_at(make_cell(), &g, g.stack.bottom);
  EXPECT_EQ(finder_.take_alive(), nullptr);
  ASSERT_EQ(found(), 1u);
  EXPECT_EQ(finder_.found().front(), (EndlessWait{&g, g.id, g.wait.snapshot(), {}}));
}

TEST_F(LeakFinderTest, AWordIntoTheChannelMakesAlive) {
  const char* channel = make_cell();
  Goroutine& g = make_waiting(WaitReason::kChanSend, channel);
  ASSERT_TRUE(finder_.consider(g));
  finder_.begin_finding();
  look_at(channel + 40);
  EXPECT_EQ(finder_.take_alive(), &g);
  EXPECT_EQ(finder_.take_alive(), nullptr);
  EXPECT_EQ(found(), 0u);
}

TEST_F(LeakFinderTest, AWordCountsThoughItWasSeenBeforeTheOneWhoWaits) {
  const char* channel = make_cell();
  look_at(channel);
  Goroutine& g = make_waiting(WaitReason::kChanReceive, channel);
  ASSERT_TRUE(finder_.consider(g));
  finder_.begin_finding();
  EXPECT_EQ(finder_.take_alive(), &g);
}

TEST_F(LeakFinderTest, ASelectIsAliveByAnyOfItsChannels) {
  const std::array<const void*, 3> channels{make_cell(), make_cell(), make_cell()};
  const SelectedChannels selected{channels.data(), channels.size()};
  Goroutine& g = make_waiting(WaitReason::kSelect, &selected);
  ASSERT_TRUE(finder_.consider(g));
  finder_.begin_finding();
  EXPECT_EQ(found(), 1u);
  look_at(channels[1]);
  EXPECT_EQ(finder_.take_alive(), &g);
}

TEST_F(LeakFinderTest, WhatTimersOrSleepEndIsNotConsidered) {
  EXPECT_FALSE(finder_.consider(make_waiting(WaitReason::kSleep, nullptr)));
  EXPECT_FALSE(finder_.consider(make_waiting(WaitReason::kChanReceive, nullptr)));
  EXPECT_FALSE(finder_.consider(make_waiting(WaitReason::kSelect, nullptr)));
  EXPECT_TRUE(finder_.consider(make_waiting(WaitReason::kForever, nullptr)));
}

TEST_F(LeakFinderTest, WhatMallocHoldsIsNotConsidered) {
  const auto in_malloc = std::make_unique<std::array<char, 64>>();
  EXPECT_FALSE(finder_.consider(make_waiting(WaitReason::kMutex, in_malloc.get())));
  EXPECT_FALSE(finder_.consider(make_waiting(WaitReason::kMutex, this)));
}

TEST_F(LeakFinderTest, WhatStandsInFramesIsAliveWithThem) {
  Goroutine& owner = make_waiting(WaitReason::kChanReceive, make_cell());
  Goroutine& other = make_waiting(WaitReason::kWaitGroup, owner.stack.bottom + owner.stack.size - 100);
  ASSERT_TRUE(finder_.consider(other));
  ASSERT_TRUE(finder_.consider(owner));
  finder_.begin_finding();
  EXPECT_EQ(found(), 2u);
  look_at(owner.stack.bottom + owner.stack.size - 2000);  // below its frames: of nobody
  EXPECT_EQ(found(), 2u);
  look_at(owner.stack.bottom + owner.stack.size - 500);
  EXPECT_EQ(finder_.take_alive(), &other);
  look_at(owner.wait_object.load());
  EXPECT_EQ(finder_.take_alive(), &owner);
}

TEST_F(LeakFinderTest, WhoWaitsForAnEndIsAliveWithWhoIsToEnd) {
  Goroutine& g = make_waiting(WaitReason::kScope, scope_);
  ASSERT_TRUE(finder_.consider(g));
  finder_.begin_finding();
  look_at(scope_);  // who refers to a scope does not end it
  EXPECT_EQ(finder_.take_alive(), nullptr);
  Goroutine member;
  member.scope = ScopeCore::make(scope_, ScopeCore::Hold::kParent);
  finder_.is_alive(member);
  EXPECT_EQ(finder_.take_alive(), &g);
  member.scope->unref();
}

TEST_F(LeakFinderTest, WhoIsWokenMeanwhileIsNotFound) {
  Goroutine& g = make_waiting(WaitReason::kChanReceive, make_cell());
  ASSERT_TRUE(finder_.consider(g));
  finder_.begin_finding();
  EXPECT_EQ(found(), 1u);
  EXPECT_TRUE(g.wait.try_cancel());
  EXPECT_EQ(found(), 0u);
}

}  // namespace
}  // namespace novelo::rt
