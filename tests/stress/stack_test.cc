// Stacks taken, grown and given back by several processors at once.
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "stack/stack_classes.h"
#include "support/seed.h"

namespace novelo::rt {
namespace {

// Property: no byte of a stack belongs to another, however it has grown, and no slot is lost.
// Method:   threads take stacks of any class for entries that are known and unknown, grow them as far as the neighbours
//           let them, mark each part, and look at the marks before they give them back, some of them to another
//           thread's list; one trims all the time.
TEST(StackStress, EachByteHasOneOwnerHoweverStacksGrow) {
  constexpr int kThreads = 4;
  constexpr std::size_t kStep = std::size_t{16} << 10;
  const std::uint64_t seed = testing::seed();
  StackClasses classes;
  ASSERT_GT(classes.reserve(1024, std::size_t{64} << 20), 0u);
  std::array<StackNeed, 3> needs;
  needs[1].kind = StackNeed::Kind::kMedium;
  needs[2].kind = StackNeed::Kind::kLarge;
  std::atomic<std::uint64_t> wrong{0};
  std::atomic<std::uint64_t> turns{0};
  const testing::For running(std::chrono::milliseconds(500));
  const auto mark = [&](const Stack& stack, auto with) {
    // A mark in each piece, and in the first and last words.
    for (char* at = stack.bottom; at < stack.bottom + stack.size; at += kStep)
      with(reinterpret_cast<std::uint64_t*>(at));
    with(reinterpret_cast<std::uint64_t*>(stack.bottom + stack.size) - 1);
  };
  std::vector<std::thread> threads;
  for (int number = 0; number < kThreads; ++number) {
    threads.emplace_back([&, number] {
      std::mt19937_64 random(seed + static_cast<std::uint64_t>(number));
      const auto cache = std::make_unique<StackClasses::Cache>();
      struct Held {
        Stack stack;
        StackNeed* need;
        std::uint64_t mark;
      };
      std::vector<Held> held;
      const auto give = [&](const Held& one) {
        mark(one.stack, [&](const std::uint64_t* word) { wrong += *word != one.mark ? 1 : 0; });
        classes.give(*cache, one.stack, *one.need);
      };
      while (running) {
        if (held.size() < 40 && random() % 2 == 0) {
          Held one{{}, &needs[random() % needs.size()], random()};
          one.stack = classes.take(*cache, *one.need);
          if (one.stack.bottom == nullptr) continue;
          StackNeed unchanged{.kind = StackNeed::Kind::kLarge};  // so that all kinds stay in use
          for (auto n = random() % 4; n > 0 && classes.grow(one.stack, unchanged); --n) {
          }
          mark(one.stack, [&](std::uint64_t* word) { *word = one.mark; });
          held.push_back(one);
        } else if (!held.empty()) {
          std::swap(held[random() % held.size()], held.back());
          give(held.back());
          held.pop_back();
        }
        if (number == 0) classes.trim();
        if (random() % 64 == 0) classes.drain(*cache);
        ++turns;
      }
      for (const Held& one : held) give(one);
      classes.drain(*cache);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0u);
  EXPECT_GT(turns, 0u);
  EXPECT_GT(classes.grown_total(), 0u);
  EXPECT_EQ(classes.bytes().in_use, 0u);
}

}  // namespace
}  // namespace novelo::rt
