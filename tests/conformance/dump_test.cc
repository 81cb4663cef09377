// What dump_goroutines() says of each goroutine.
#include <string>
#include <thread>

#include "novelo/stats.h"
#include "support/runtime_fixture.h"

namespace novelo {

// With names of their own, not inlined: what the dump is to show.
[[gnu::noinline]] void wait_for_the_gate(const Chan<Unit>& gate) {
  gate.recv();
  asm volatile("");  // no tail call
}
[[gnu::noinline]] void keep_the_gate(const Chan<Unit>& gate) {
  wait_for_the_gate(gate);
  asm volatile("");
}
[[gnu::noinline]] JoinHandle<void> start_a_keeper(const Chan<Unit>& gate) {
  auto keeper = spawn([gate] {
    set_goroutine_name("keeper");
    keep_the_gate(gate);
  });
  return keeper;
}

namespace {

class DumpTest : public testing::RuntimeTest {};
NOVELO_WITH_PROCS(DumpTest);

// The lines of one goroutine.
std::string part_of(std::uint64_t id, const std::string& dump) {
  const std::string lines = "\n" + dump;
  const std::size_t begin = lines.find("\ngoroutine " + std::to_string(id) + " ");
  return begin == std::string::npos ? "" : lines.substr(begin + 1, lines.find("\ngoroutine", begin + 1) - begin);
}

TEST_P(DumpTest, AWaitingGoroutineShowsItsReasonItsCallsAndWhoStartedIt) {
  run([] {
    const auto gate = make_chan<Unit>();
    auto keeper = start_a_keeper(gate);
    testing::yield_until_waiting(1);
    const std::string part = part_of(keeper.id(), dump_goroutines());
    EXPECT_TRUE(part.starts_with("goroutine " + std::to_string(keeper.id()) + " keeper [chan receive]\n")) << part;
    const std::size_t inner = part.find("\n    novelo::wait_for_the_gate()\n");
    const std::size_t outer = part.find("\n    novelo::keep_the_gate()\n");
    EXPECT_NE(inner, std::string::npos) << part;
    EXPECT_NE(outer, std::string::npos) << part;
    EXPECT_LT(inner, outer);
    EXPECT_EQ(part.find("novelo::rt::"), std::string::npos) << part;
    EXPECT_NE(part.find("started by goroutine " + std::to_string(goroutine_id()) + " in novelo::start_a_keeper()"),
              std::string::npos)
        << part;
    gate.close();
    keeper.join();
  });
}

struct Runner {
  std::string* dump;
  void operator()() const { *dump = dump_goroutines(); }
};

TEST_P(DumpTest, ARunningGoroutineShowsItsFunctionAndNoCalls) {
  run([] {
    std::string dump;
    auto runner = spawn(Runner{&dump});
    const std::uint64_t id = runner.id();
    runner.join();
    const std::string part = part_of(id, dump);
    EXPECT_TRUE(part.starts_with("goroutine " + std::to_string(id) +
                                 " [running]\n    novelo::(anonymous namespace)::Runner\n"
                                 "    started by goroutine "))
        << part;
    EXPECT_EQ(std::count(part.begin(), part.end(), '\n'), 3) << part;
  });
}

TEST_P(DumpTest, AGoroutineInsideBlockingSaysSo) {
  run([] {
    const auto entered = make_chan<Unit>(1);
    std::atomic<bool> may_leave{false};
    auto blocked = spawn([&] {
      blocking([&] {
        Unit unit;
        entered.try_send(unit);
        while (!may_leave) std::this_thread::yield();
      });
    });
    entered.recv();
    const std::string part = part_of(blocked.id(), dump_goroutines());
    EXPECT_TRUE(part.starts_with("goroutine " + std::to_string(blocked.id()) + " [blocking]\n")) << part;
    may_leave = true;
    blocked.join();
    EXPECT_EQ(part_of(goroutine_id(), dump_goroutines()).find("blocking"), std::string::npos);
  });
}

TEST_P(DumpTest, AClassOtherThanNormalIsShown) {
  run([] {
    const auto gate = make_chan<Unit>();
    auto waiting = spawn([gate] {
      set_priority(Priority::kBatch);
      gate.recv();
    });
    testing::yield_until_waiting(1);
    const std::string part = part_of(waiting.id(), dump_goroutines());
    EXPECT_TRUE(part.starts_with("goroutine " + std::to_string(waiting.id()) + " [chan receive, batch]\n")) << part;
    gate.close();
    waiting.join();
  });
}

TEST_P(DumpTest, TheMainGoroutineIsNamed) {
  run([] {
    const std::string part = part_of(goroutine_id(), dump_goroutines());
    EXPECT_TRUE(part.starts_with("goroutine " + std::to_string(goroutine_id()) +
                                 " main [running]\n    started by another thread in "))
        << part;
  });
}

TEST_P(DumpTest, BeyondTheLimitTheRestIsCounted) {
  run([] {
    const auto gate = make_chan<Unit>();
    for (int i = 0; i < 20; ++i) go([gate] { gate.recv(); });
    testing::yield_until_waiting(20);
    const std::string dump = dump_goroutines({.max_goroutines = 5, .has_stacks = false});
    EXPECT_TRUE(dump.ends_with("and 16 more goroutines\n")) << dump;
    EXPECT_EQ(std::count(dump.begin(), dump.end(), '\n'), 6) << dump;
    gate.close();
    testing::yield_until([] { return num_goroutines() == 1; });
  });
}

// The goroutines stand still and go on while they are looked at; under AddressSanitizer and ThreadSanitizer too.
TEST_P(DumpTest, WhileGoroutinesComeAndGoEveryDumpIsWhole) {
  run([] {
    Scope busy;
    std::atomic<bool> is_over{false};
    for (int pair = 0; pair < 4; ++pair) {
      const auto to = make_chan<int>();
      busy.go([to, &is_over] {
        while (!is_over) to.send(1);
        to.close();
      });
      busy.go([to] {
        for (int& v : to) spawn([&v] { ++v; }).join();
      });
    }
    for (int i = 0; i < 50; ++i) {
      const std::string dump = dump_goroutines();
      EXPECT_NE(part_of(goroutine_id(), dump), "") << dump;
      yield();
    }
    is_over = true;
    EXPECT_TRUE(busy.wait().ok());
  });
}

}  // namespace
}  // namespace novelo
