// Channels: order, closing, capacity, elements, foreign threads.
#include <memory>
#include <numeric>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include "support/runtime_fixture.h"

namespace novelo {
namespace {

class ChanTest : public testing::RuntimeTest {};
NOVELO_WITH_PROCS(ChanTest);

TEST_P(ChanTest, ValuesLeaveInTheOrderTheyCame) {
  run([] {
    auto c = make_chan<int>(3);
    go([c] {
      for (int i = 0; i < 100; ++i) c.send(i);
      c.close();
    });
    int expected = 0;
    for (int& value : c) EXPECT_EQ(value, expected++);
    EXPECT_EQ(expected, 100);
  });
}

TEST_P(ChanTest, ClosedChannelGivesWhatItHoldsAndThenNothing) {
  run([] {
    auto c = make_chan<int>(2);
    c.send(1);
    c.close();
    EXPECT_EQ(c.recv(), 1);
    EXPECT_EQ(c.recv(), std::nullopt);
    EXPECT_EQ(c.recv(), std::nullopt);
  });
}

TEST_P(ChanTest, SendOnClosedThrowsBeforeAndWhileBlocked) {
  run([] {
    auto c = make_chan<int>();
    auto blocked = spawn([c] { c.send(1); });
    testing::yield_until_waiting(1);
    c.close();
    EXPECT_THROW(blocked.join(), ChannelClosed);
    EXPECT_THROW(c.send(2), ChannelClosed);
    int v = 3;
    EXPECT_THROW(c.try_send(v), ChannelClosed);
    EXPECT_EQ(v, 3);
  });
}

TEST_P(ChanTest, CloseOfClosedOrNilThrows) {
  run([] {
    auto c = make_chan<int>();
    c.close();
    EXPECT_THROW(c.close(), ChannelClosed);
    EXPECT_THROW(Chan<int>{}.close(), ChannelClosed);
  });
}

TEST_P(ChanTest, CloseWakesEveryReceiver) {
  run([] {
    constexpr int kReceivers = 100;
    auto c = make_chan<int>();
    WaitGroup group;
    std::atomic<int> empty{0};
    for (int i = 0; i < kReceivers; ++i) {
      group.go([&] {
        if (!c.recv().has_value()) ++empty;
      });
    }
    testing::yield_until_waiting(kReceivers);
    c.close();
    group.wait();
    EXPECT_EQ(empty.load(), kReceivers);
  });
}

TEST_P(ChanTest, LenAndCapOfUnbufferedAndNilAreZero) {
  run([] {
    auto c = make_chan<int>(3);
    c.send(1);
    EXPECT_EQ(c.len(), 1u);
    EXPECT_EQ(c.cap(), 3u);
    EXPECT_EQ(make_chan<int>().cap(), 0u);
    EXPECT_EQ(Chan<int>{}.len(), 0u);
  });
}

TEST_P(ChanTest, CapacityOutOfRangeThrows) {
  run([] {
    EXPECT_THROW(make_chan<int>(-1), std::length_error);
    EXPECT_THROW(make_chan<int>(std::int64_t{1} << 62), std::length_error);
  });
}

TEST_P(ChanTest, MovableOnlyElementsPass) {
  run([] {
    auto c = make_chan<std::unique_ptr<int>>();
    go([c] { c.send(std::make_unique<int>(7)); });
    EXPECT_EQ(**c.recv(), 7);
  });
}

TEST_P(ChanTest, UnitElementsKeepTheirCount) {
  run([] {
    auto c = make_chan<Unit>(1000);
    for (int i = 0; i < 5; ++i) c.send({});
    EXPECT_EQ(c.len(), 5u);
  });
}

TEST_P(ChanTest, ElementsLeftInADroppedChannelAreDestroyed) {
  run([] {
    auto watch = std::make_shared<int>(1);
    {
      auto c = make_chan<std::shared_ptr<int>>(2);
      c.send(watch);
      EXPECT_EQ(watch.use_count(), 2);
    }
    EXPECT_EQ(watch.use_count(), 1);
  });
}

TEST_P(ChanTest, AForeignThreadSendsAndReceives) {
  run_with_foreign_threads([] {
    auto to = make_chan<int>();
    auto from = make_chan<int>();
    std::thread foreign([to, from] {
      for (int i = 0; i < 100; ++i) from.send(*to.recv() + 1);
    });
    for (int i = 0; i < 100; ++i) {
      to.send(i);
      EXPECT_EQ(from.recv(), i + 1);
    }
    blocking([&foreign] { foreign.join(); });
  });
}

TEST_P(ChanTest, EachValueArrivesOnceWithEightSendersAndReceivers) {
  run([] {
    for (int capacity : {0, 1, 128}) {
      constexpr int kEach = 2000;
      auto c = make_chan<int>(capacity);
      auto sums = make_chan<std::int64_t>(8);
      WaitGroup senders;
      for (int s = 0; s < 8; ++s) {
        senders.go([c, s] {
          for (int i = 0; i < kEach; ++i) c.send(s * kEach + i);
        });
      }
      for (int r = 0; r < 8; ++r) {
        go([c, sums] {
          std::int64_t sum = 0;
          for (int& v : c) sum += v;
          sums.send(sum);
        });
      }
      senders.wait();
      c.close();
      std::int64_t total = 0;
      for (int r = 0; r < 8; ++r) total += *sums.recv();
      const std::int64_t n = 8 * kEach;
      EXPECT_EQ(total, n * (n - 1) / 2);
    }
  });
}

}  // namespace
}  // namespace novelo
