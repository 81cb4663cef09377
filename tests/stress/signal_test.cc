// Signals all the time, to every thread of the process: stacks that grow by faults, exceptions, collections, parking
// and blocking calls come to the same results. For a fifth of a second each.
#include <dirent.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>

#include "novelo/gc.h"
#include "stack/stack.h"
#include "support/runtime_fixture.h"
#include "support/seed.h"

namespace novelo {
namespace {

std::atomic<std::int64_t> g_handled{0};

void handle(int) {
  volatile char room[512];  // what a handler may well use
  for (std::size_t i = 0; i < sizeof room; i += 64) room[i] = 1;
  g_handled.fetch_add(1, std::memory_order_relaxed);
}

// While it lives, a thread sends signals to all others, as fast as it can.
class SignalStorm {
 public:
  SignalStorm() {
    struct sigaction action = {};
    action.sa_handler = handle;
    action.sa_flags = SA_ONSTACK | SA_RESTART;
    sigaction(SIGUSR2, &action, &before_);
    sender_ = std::jthread([](const std::stop_token& stop) {
      while (!stop.stop_requested()) send_to_others();
    });
  }
  ~SignalStorm() {
    sender_ = {};
    signal(SIGUSR2, SIG_IGN);  // those on their way
    sigaction(SIGUSR2, &before_, nullptr);
  }
  SignalStorm(const SignalStorm&) = delete;
  SignalStorm& operator=(const SignalStorm&) = delete;

 private:
  static void send_to_others() {
    DIR* threads = opendir("/proc/self/task");
    if (threads == nullptr) return;
    const auto self = static_cast<int>(syscall(SYS_gettid));
    while (const dirent* entry = readdir(threads)) {
      const int thread = std::atoi(entry->d_name);
      if (thread > 0 && thread != self) syscall(SYS_tgkill, getpid(), thread, SIGUSR2);
    }
    closedir(threads);
  }

  struct sigaction before_ = {};
  std::jthread sender_;
};

struct Node {
  gc::Ptr<Node> next;
  std::int64_t value = 0;
};

[[gnu::noinline]] bool use(std::size_t bytes) {  // NOLINT(misc-no-recursion)
  std::array<volatile unsigned char, 1024> frame;
  frame[0] = static_cast<unsigned char>(bytes >> 10);
  const bool deeper = bytes <= frame.size() || use(bytes - frame.size());
  return deeper && frame[0] == static_cast<unsigned char>(bytes >> 10);
}

[[gnu::noinline]] int fail_deep_down(int levels) {  // NOLINT(misc-no-recursion)
  const auto guard = std::make_unique<int>(levels);
  if (levels == 0) throw std::runtime_error("deep down");
  return fail_deep_down(levels - 1) + *guard;
}

class SignalStress : public testing::RuntimeTest {
 protected:
  // Each on several goroutines, in the storm: true as long as it comes to what it should.
  void in_a_storm(const std::function<bool()>& step) {
    run([&step] {
      g_handled = 0;
      const SignalStorm storm;
      const testing::For time{std::chrono::milliseconds(200)};
      std::atomic<std::int64_t> wrong{0};
      WaitGroup group;
      for (int i = 0; i < 4; ++i) {
        group.go([&] {
          while (time || g_handled.load() == 0) {
            if (!step()) ++wrong;
          }
        });
      }
      group.wait();
      EXPECT_EQ(wrong, 0);
      EXPECT_GT(g_handled.load(), 0);
    });
  }
};

NOVELO_WITH_PROCS(SignalStress);

TEST_P(SignalStress, StacksGrow) {
  std::atomic<std::uint64_t> grown{0};
  Mutex turn;  // for one at a time there is room to grow into
  in_a_storm([&] {
    const std::lock_guard<Mutex> guard(turn);
    constexpr std::size_t kBytes = rt::stack_slot_bytes(rt::StackClass::kLarge) / 2 * 3;
    const bool is_whole = spawn([] { return use(kBytes); }).join();
    grown = runtime_stats().stack_grown_total;
    return is_whole;
  });
  EXPECT_GT(grown, 0u);
}

TEST_P(SignalStress, ExceptionsAreCaught) {
  in_a_storm([] {
    try {
      return fail_deep_down(20) < 0;
    } catch (const std::runtime_error& error) {
      return std::string(error.what()) == "deep down";
    }
  });
}

TEST_P(SignalStress, ObjectsAreKept) {
  in_a_storm([] {
    gc::Ptr<Node> list;
    for (int i = 0; i < 1000; ++i) list = gc::make<Node>(list, i);
    gc::collect();
    for (int i = 999; i >= 0; --i, list = list->next) {
      if (list == nullptr || list->value != i) return false;
    }
    return list == nullptr;
  });
}

TEST_P(SignalStress, MessagesArrive) {
  in_a_storm([] {
    const auto numbers = make_chan<int>(3);
    go([numbers] {
      for (int i = 0; i < 200; ++i) numbers.send(i);
      numbers.close();
    });
    int expected = 0;
    for (const int number : numbers) {
      if (number != expected++) return false;
    }
    sleep(absl::Microseconds(50));
    return expected == 200 && blocking([] { return getpid() > 0; });
  });
}

}  // namespace
}  // namespace novelo
