// select: which case runs, what it leaves behind.
#include <atomic>
#include <optional>
#include <stdexcept>
#include <vector>

#include "support/runtime_fixture.h"

namespace novelo {
namespace {

class SelectTest : public testing::RuntimeTest {};
NOVELO_WITH_PROCS(SelectTest);

TEST_P(SelectTest, NilChannelIsNeverChosen) {
  run([] {
    Chan<int> nil;
    auto ready = make_chan<int>(1);
    ready.send(5);
    int got = 0;
    EXPECT_EQ(select(on_recv(nil), on_recv(ready, [&](std::optional<int> v) { got = *v; })), 1u);
    EXPECT_EQ(got, 5);
  });
}

TEST_P(SelectTest, OtherwiseRunsOnlyIfNothingIsReady) {
  run([] {
    auto c = make_chan<int>(1);
    bool fell_through = false;
    EXPECT_EQ(select(on_recv(c), otherwise([&] { fell_through = true; })), 1u);
    EXPECT_TRUE(fell_through);
    EXPECT_EQ(select(on_send(c, 1), otherwise()), 0u);
    EXPECT_EQ(select(on_recv(c), otherwise()), 0u);
  });
}

TEST_P(SelectTest, ReadyCasesAreChosenAboutEquallyOften) {
  run([] {
    auto a = make_chan<Unit>();
    auto b = make_chan<Unit>();
    a.close();
    b.close();
    int chosen[2] = {};
    for (int i = 0; i < 2000; ++i) ++chosen[select(on_recv(a), on_recv(b))];
    EXPECT_GT(chosen[0], 800);
    EXPECT_GT(chosen[1], 800);
  });
}

TEST_P(SelectTest, BlockedSelectIsServedByTheFirstToCome) {
  run([] {
    auto a = make_chan<int>();
    auto b = make_chan<int>();
    auto handle = spawn([a, b] {
      int got = 0;
      select(on_recv(a, [&](std::optional<int> v) { got = *v; }), on_recv(b, [&](std::optional<int> v) { got = -*v; }));
      return got;
    });
    testing::yield_until_waiting(1);
    b.send(3);
    EXPECT_EQ(handle.join(), -3);
    int one = 1;
    EXPECT_FALSE(a.try_send(one)) << "the select left its waiter behind";
  });
}

TEST_P(SelectTest, SendOnAChannelThatClosesThrows) {
  run([] {
    auto c = make_chan<int>();
    auto handle = spawn([c] { select(on_send(c, 1)); });
    testing::yield_until_waiting(1);
    c.close();
    EXPECT_THROW(handle.join(), ChannelClosed);
  });
}

TEST_P(SelectTest, SameChannelAsSenderAndReceiverNeverMeetsItself) {
  run([] {
    auto c = make_chan<int>();
    auto handle = spawn([c] { return select(on_send(c, 1), on_recv(c)); });
    testing::yield_until_waiting(1);
    EXPECT_EQ(c.recv(), 1);
    EXPECT_EQ(handle.join(), 0u);
  });
}

TEST_P(SelectTest, DynamicSelectServesTheChosenSlot) {
  run([] {
    std::vector<Chan<int>> channels;
    std::vector<std::optional<int>> slots(100);
    std::vector<SelectCase> cases;
    for (int i = 0; i < 100; ++i) channels.push_back(make_chan<int>());
    for (std::size_t i = 0; i < 100; ++i) cases.push_back(SelectCase::recv(channels[i], &slots[i]));
    go([c = channels[63]] { c.send(9); });
    EXPECT_EQ(select(cases), 63u);
    EXPECT_EQ(slots[63], 9);
  });
}

TEST_P(SelectTest, TooManyCasesOrTwoOtherwiseThrow) {
  run([] {
    std::vector<SelectCase> many(65537, SelectCase::otherwise());
    EXPECT_THROW(select(many), std::length_error);
    EXPECT_THROW(select(otherwise(), otherwise()), RuntimeError);
  });
}

TEST_P(SelectTest, ACancelLeavesNoWaiterBehind) {
  run([] {
    auto a = make_chan<int>();
    auto b = make_chan<int>();
    auto handle = spawn([a, b] { select(on_recv(a), on_recv(b)); });
    testing::yield_until_waiting(1);
    handle.cancel();
    EXPECT_THROW(handle.join(), JoinCancelled);
    int one = 1;
    EXPECT_FALSE(a.try_send(one));
    EXPECT_FALSE(b.try_send(one));
  });
}

TEST_P(SelectTest, ManySelectorsOverSharedChannelsLoseNothing) {
  run([] {
    auto a = make_chan<int>();
    auto b = make_chan<int>(4);
    constexpr int kEach = 3000;
    WaitGroup group;
    std::atomic<std::int64_t> sum{0};
    std::atomic<int> count{0};
    auto quit = make_chan<Unit>();
    for (int i = 0; i < 4; ++i) {
      group.go([&, a, b, quit] {
        for (bool more = true; more;) {
          select(on_recv(a,
                         [&](std::optional<int> v) {
                           sum += *v;
                           ++count;
                         }),
                 on_recv(b,
                         [&](std::optional<int> v) {
                           sum += *v;
                           ++count;
                         }),
                 on_recv(quit, [&](std::optional<Unit>) { more = false; }));
        }
      });
    }
    WaitGroup senders;
    for (int i = 0; i < 4; ++i) {
      senders.go([a, b] {
        for (int n = 1; n <= kEach; ++n) select(on_send(a, n), on_send(b, n));
      });
    }
    senders.wait();
    testing::yield_until([&] { return count.load() == 4 * kEach; });
    quit.close();
    group.wait();
    EXPECT_EQ(sum.load(), std::int64_t{4} * kEach * (kEach + 1) / 2);
  });
}

}  // namespace
}  // namespace novelo
