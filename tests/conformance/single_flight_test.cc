// SingleFlight: who comes while a run goes on shares it; who comes later starts the next.
#include <atomic>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/runtime_fixture.h"

namespace novelo {
namespace {

class SingleFlightTest : public testing::RuntimeTest {};
NOVELO_WITH_PROCS(SingleFlightTest);

TEST_P(SingleFlightTest, ThoseWhoComeMeanwhileShareTheRunAndItsResult) {
  run([] {
    SingleFlight<std::string, std::string> flights;
    const auto may_end = make_chan<Unit>();
    std::atomic<int> runs{0};
    std::vector<std::string> got(8);
    WaitGroup group;
    for (auto& one : got) {
      group.go([&, may_end] {
        one = flights.call("key", [&] {
          ++runs;
          may_end.recv();
          return std::string("result");
        });
      });
    }
    testing::yield_until_waiting(8);
    may_end.close();
    group.wait();
    EXPECT_EQ(runs.load(), 1);
    for (const std::string& one : got) EXPECT_EQ(one, "result");
  });
}

TEST_P(SingleFlightTest, ItIsNoCache) {
  run([] {
    SingleFlight<int, int> flights;
    int runs = 0;
    EXPECT_EQ(flights.call(1, [&] { return ++runs; }), 1);
    EXPECT_EQ(flights.call(1, [&] { return ++runs; }), 2);
  });
}

TEST_P(SingleFlightTest, OtherKeysDoNotWait) {
  run([] {
    SingleFlight<int, int> flights;
    const auto may_end = make_chan<Unit>();
    auto first = spawn([&, may_end] {
      return flights.call(1, [may_end] {
        may_end.recv();
        return 1;
      });
    });
    testing::yield_until_waiting(1);
    EXPECT_EQ(flights.call(2, [] { return 2; }), 2);
    may_end.close();
    EXPECT_EQ(first.join(), 1);
  });
}

TEST_P(SingleFlightTest, AnExceptionIsSharedToo) {
  run([] {
    SingleFlight<int, int> flights;
    const auto may_end = make_chan<Unit>();
    std::atomic<int> thrown{0};
    WaitGroup group;
    for (int i = 0; i < 4; ++i) {
      group.go([&, may_end] {
        try {
          flights.call(1, [&]() -> int {
            may_end.recv();
            throw std::runtime_error("failed");
          });
        } catch (const std::runtime_error&) {
          ++thrown;
        }
      });
    }
    testing::yield_until_waiting(4);
    may_end.close();
    group.wait();
    EXPECT_EQ(thrown.load(), 4);
    EXPECT_EQ(flights.call(1, [] { return 5; }), 5);
  });
}

TEST_P(SingleFlightTest, ARunThatGoexitsIsARuntimeErrorForTheOthers) {
  run([] {
    SingleFlight<int, int> flights;
    const auto may_end = make_chan<Unit>();
    auto leaving = spawn([&, may_end] {
      return flights.call(1, [may_end]() -> int {
        may_end.recv();
        goexit();
      });
    });
    testing::yield_until_waiting(1);
    auto sharing = spawn([&] { return flights.call(1, [] { return 2; }); });
    testing::yield_until_waiting(2);
    may_end.close();
    EXPECT_THROW(leaving.join(), RuntimeError);
    EXPECT_THROW(sharing.join(), RuntimeError);
    EXPECT_EQ(flights.call(1, [] { return 3; }), 3);
  });
}

TEST_P(SingleFlightTest, OneThatSharesLeavesByACancellationAndTheRunGoesOn) {
  run([] {
    SingleFlight<int, int> flights;
    const auto may_end = make_chan<Unit>();
    auto running = spawn([&, may_end] {
      return flights.call(1, [may_end] {
        may_end.recv();
        return 9;
      });
    });
    testing::yield_until_waiting(1);
    auto sharing = spawn([&] { return flights.call(1, [] { return 0; }); });
    testing::yield_until_waiting(2);
    sharing.cancel();
    EXPECT_THROW(sharing.join(), JoinCancelled);
    may_end.close();
    EXPECT_EQ(running.join(), 9);
  });
}

TEST_P(SingleFlightTest, ARunInACancelledScopeIsTakenOutOfTheMap) {
  run([] {
    SingleFlight<int, int> flights;
    auto running = spawn([&] {
      return flights.call(1, [] {
        sleep(absl::InfiniteDuration());
        return 0;
      });
    });
    testing::yield_until_waiting(1);
    running.cancel();
    EXPECT_THROW(running.join(), JoinCancelled);
    EXPECT_EQ(flights.call(1, [] { return 4; }), 4);
  });
}

}  // namespace
}  // namespace novelo
