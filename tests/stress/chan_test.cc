// Channels under many senders, receivers, selectors and a closer, with random capacities.
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <vector>

#include "novelo/novelo.h"
#include "support/seed.h"

namespace novelo {
namespace {

RuntimeOptions options(int procs) {
  RuntimeOptions chosen;
  chosen.max_procs = procs;
  chosen.max_goroutines = 20'000;
  return chosen;
}

// Property: what a send() accepted is received once; a send() that threw was not received. Whoever closes, and when.
TEST(ChannelStress, EachValueArrivesOnceThoughTheChannelIsClosedUnderTheSenders) {
  std::mt19937_64 random(testing::seed());
  const testing::For running(std::chrono::milliseconds(900));
  std::uint64_t rounds = 0;
  Runtime runtime(options(3));
  while (running) {
    const auto capacity = static_cast<std::int64_t>(random() % 4 == 0 ? 0 : random() % 40);
    const int senders = 1 + static_cast<int>(random() % 6);
    const int receivers = 1 + static_cast<int>(random() % 6);
    const int close_after = static_cast<int>(random() % 400);
    runtime.run([&] {
      auto c = make_chan<int>(capacity);
      constexpr int kEach = 200;
      std::vector<std::atomic<int>> received(static_cast<std::size_t>(senders * kEach));
      std::vector<std::atomic<int>> accepted(static_cast<std::size_t>(senders * kEach));
      std::atomic<int> count{0};
      WaitGroup group;
      for (int s = 0; s < senders; ++s) {
        group.go([&, c, s] {
          try {
            for (int i = 0; i < kEach; ++i) {
              const int value = s * kEach + i;
              if (i % 3 == 0) {
                select(on_send(c, value));
              } else {
                c.send(value);
              }
              accepted[static_cast<std::size_t>(value)] = 1;
            }
          } catch (const ChannelClosed&) {
          }
        });
      }
      for (int r = 0; r < receivers; ++r) {
        group.go([&, c, r] {
          for (bool more = true; more;) {
            std::optional<int> value;
            if (r % 2 == 0) {
              value = c.recv();
            } else {
              select(on_recv(c, [&value](std::optional<int> v) { value = v; }));
            }
            more = value.has_value();
            if (more) {
              ++received[static_cast<std::size_t>(*value)];
              ++count;
            }
          }
        });
      }
      group.go([&, c] {
        const int all = senders * kEach;
        while (count.load() < std::min(close_after, all)) yield();
        c.close();
      });
      group.wait();
      for (std::size_t i = 0; i < received.size(); ++i) {
        ASSERT_EQ(received[i].load(), accepted[i].load()) << "value " << i << " of round " << rounds;
      }
    });
    ++rounds;
  }
  EXPECT_GT(rounds, 0u);
}

}  // namespace
}  // namespace novelo
