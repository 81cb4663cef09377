// Processors taken from loops and blocked threads while channels, timers and blocking() are in use.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <random>
#include <thread>

#include "novelo/novelo.h"
#include "support/seed.h"

namespace novelo {
namespace {

void spin_for(std::chrono::microseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) {
  }
}

// Property: nothing is lost, however often a processor is taken from under a goroutine.
TEST(RetakeStress, SpinsBlocksAndChannelsLoseNothing) {
  const std::uint64_t seed = testing::seed();
  RuntimeOptions options;
  options.max_procs = 2;
  options.max_goroutines = 20'000;
  Runtime runtime(std::move(options));
  std::uint64_t handoffs = 0;
  std::atomic<std::int64_t> sent{0};
  std::atomic<std::int64_t> received{0};
  std::atomic<std::int64_t> locked{0};
  std::int64_t counter = 0;
  runtime.run([&] {
    const testing::For running(std::chrono::milliseconds(900));
    auto c = make_chan<std::int64_t>(2);
    Mutex mutex;
    WaitGroup senders;
    WaitGroup receivers;
    for (std::uint64_t i = 0; i < 6; ++i) {
      senders.go([&, i] {
        std::mt19937_64 random(seed + i);
        while (running) {
          switch (random() % 8) {
            case 0:
              spin_for(std::chrono::microseconds(random() % 25'000));
              break;  // more than a slice
            case 1:
              blocking([&random] { std::this_thread::sleep_for(std::chrono::microseconds(random() % 300)); });
              break;
            case 2:
              std::this_thread::sleep_for(std::chrono::microseconds(random() % 13'000));
              break;  // unannounced
            case 3:
              sleep(absl::Microseconds(random() % 100));
              break;
            case 4: {
              const std::lock_guard guard(mutex);
              ++counter;
              ++locked;
              break;
            }
            default: {
              const auto value = static_cast<std::int64_t>(random() % 1000);
              sent += value;
              c.send(value);
            }
          }
        }
      });
      receivers.go([&] {
        for (const std::int64_t value : c) received += value;
      });
    }
    senders.wait();
    c.close();
    receivers.wait();
    handoffs = runtime_stats().handoffs_total;
  });
  EXPECT_EQ(received.load(), sent.load());
  EXPECT_EQ(counter, locked.load());
  EXPECT_GT(handoffs, 0u);
}

}  // namespace
}  // namespace novelo
