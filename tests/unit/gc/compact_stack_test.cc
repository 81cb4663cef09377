// Goroutines whose stack is kept without its page of memory: what they find when they go on, what others find there
// meanwhile, and what the collector does. Where the system does not allow it, the same happens on ordinary stacks.
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <string>

#include "gc/cycle.h"
#include "novelo/gc.h"
#include "novelo/leaks.h"
#include "novelo/stats.h"
#include "stack/cold_stacks.h"
#include "support/runtime_fixture.h"
#include "support/seed.h"

namespace novelo {
namespace {

struct Numbered {
  std::int64_t number = 0;
};

// Cycles, with new objects between them in the places of those that were lost.
void collect_often() {
  for (int i = 0; i < 5; ++i) {
    gc::collect();
    for (int n = 0; n < 5000; ++n) gc::make<Numbered>(-1);
  }
}

class CompactStackTest : public testing::RuntimeTest {};
NOVELO_WITH_PROCS(CompactStackTest);

// Goroutines that wait until goes_on(), with something on their stacks.
class Waiting {
 public:
  static constexpr std::int64_t kSize = 300;

  struct Variables {
    gc::Ptr<Numbered> object;
    std::array<volatile std::int64_t, 8> numbers{};
  };

  Waiting() {
    // The first of a kind have large stacks, which are never compact.
    Chan<Unit> open_gate = make_chan<Unit>();
    open_gate.close();
    for (int i = 0; i < 100; ++i) start(i, open_gate);
    group_.wait();
    for (std::int64_t i = 0; i < kSize; ++i) start(i, gate_);
    testing::yield_until_waiting(kSize);
  }

  // Until all that can be are kept without their page.
  void settle() {
    const std::uint64_t enough = rt::ColdStacks::is_allowed() ? kSize * 9 / 10 : 0;
    rt::Collector::get().set_settled_after(0);
    for (const testing::For patience{std::chrono::seconds(30)}; patience && compact() < enough;) gc::collect();
    rt::Collector::get().set_settled_after(rt::Collector::kSettledNs);
    EXPECT_GE(compact(), enough);
  }
  static std::uint64_t compact() { return runtime_stats().stacks_compacted; }

  Variables& of(std::int64_t i) { return *variables_[static_cast<std::size_t>(i)]; }

  // How many still find the number of their object as it should be.
  std::int64_t go_on() {
    gate_.close();
    group_.wait();
    return right_;
  }

 private:
  void start(std::int64_t i, const Chan<Unit>& gate) {
    group_.go([this, i, gate] {
      Variables mine;
      mine.object = gc::make<Numbered>(i);
      for (std::size_t n = 0; n < mine.numbers.size(); ++n) mine.numbers[n] = i + static_cast<std::int64_t>(n);
      variables_[static_cast<std::size_t>(i)] = &mine;
      static_cast<void>(gate.recv());
      bool is_right = mine.object->number == mine.numbers[0];
      for (std::size_t n = 1; n < mine.numbers.size(); ++n) {
        is_right = is_right && mine.numbers[n] == i + static_cast<std::int64_t>(n);
      }
      if (is_right) ++right_;
    });
  }

  Chan<Unit> gate_ = make_chan<Unit>();
  std::array<std::atomic<Variables*>, kSize> variables_{};
  std::atomic<std::int64_t> right_{0};
  WaitGroup group_;
};

TEST_P(CompactStackTest, WhoWaitsForLongIsKeptWithoutAPageAndGoesOnAsItWas) {
  run([] {
    Waiting waiting;
    waiting.settle();
    collect_often();  // what only their stacks refer to stays
    EXPECT_EQ(waiting.go_on(), Waiting::kSize + 100);
    EXPECT_EQ(Waiting::compact(), 0u);
    EXPECT_EQ(runtime_stats().stacks_compacted_bytes, 0u);
  });
}

TEST_P(CompactStackTest, OthersAndTheKernelReadAndWriteWhatStandsOnACompactStack) {
  run([] {
    Waiting waiting;
    waiting.settle();
    std::array<int, 2> ends{};
    ASSERT_EQ(pipe(ends.data()), 0);
    for (std::int64_t i = 0; i < Waiting::kSize; i += 3) {
      EXPECT_EQ(waiting.of(i).numbers[3], i + 3);
      waiting.of(i).object = gc::make<Numbered>(1000 + i);  // the only reference
      if (i % 2 == 0) {
        waiting.of(i).numbers[0] = 1000 + i;
      } else {
        const std::int64_t number = 1000 + i;
        ASSERT_EQ(write(ends[1], &number, sizeof number), static_cast<ssize_t>(sizeof number));
        void* const to = const_cast<std::int64_t*>(&waiting.of(i).numbers[0]);
        EXPECT_EQ(read(ends[0], to, sizeof number), static_cast<ssize_t>(sizeof number)) << std::strerror(errno);
      }
    }
    EXPECT_EQ(runtime_stats().stack_compacted_touched_total > 0, rt::ColdStacks::is_allowed());
    waiting.settle();
    collect_often();
    EXPECT_EQ(waiting.go_on(), Waiting::kSize + 100);
    close(ends[0]);
    close(ends[1]);
  });
}

TEST_P(CompactStackTest, TheKernelMayWriteToAStackThatBecomesCompactMeanwhile) {
  run([] {
    Waiting waiting;
    std::array<int, 2> ends{};
    ASSERT_EQ(pipe(ends.data()), 0);
    auto reader = spawn([&] {
      return blocking([&] {
        void* const to = const_cast<std::int64_t*>(&waiting.of(7).numbers[0]);
        return read(ends[0], to, sizeof(std::int64_t));
      });
    });
    waiting.settle();
    waiting.of(7).object = gc::make<Numbered>(4711);
    waiting.settle();
    const std::int64_t number = 4711;
    ASSERT_EQ(write(ends[1], &number, sizeof number), static_cast<ssize_t>(sizeof number));
    EXPECT_EQ(reader.join(), static_cast<ssize_t>(sizeof number));
    EXPECT_EQ(waiting.go_on(), Waiting::kSize + 100);
    close(ends[0]);
    close(ends[1]);
  });
}

TEST_P(CompactStackTest, CompactOnesAreShownWithTheirCallsAndAreNoLeaks) {
  run([] {
    Waiting waiting;
    waiting.settle();
    EXPECT_TRUE(find_leaks().empty());
    const std::string text = dump_goroutines();
    std::size_t shown = 0;
    for (std::size_t at = text.find("Waiting::start"); at != text.npos; at = text.find("Waiting::start", at + 1))
      ++shown;
    EXPECT_GE(shown, static_cast<std::size_t>(Waiting::kSize));
    EXPECT_EQ(waiting.go_on(), Waiting::kSize + 100);
  });
}

}  // namespace
}  // namespace novelo
