// All primitives at once, at random, under random cancellation: what no test of one of them alone comes across. Three
// seconds, or $NOVELO_SOAK_SECONDS.
#include <gtest/gtest.h>
#include <pthread.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <mutex>
#include <random>
#include <shared_mutex>
#include <vector>

#include "novelo/novelo.h"
#include "support/seed.h"

namespace novelo {
namespace {

using Random = std::mt19937_64;

constexpr int kWorkers = 24;
constexpr std::int64_t kPermits = 5;

Local<std::uint64_t> own_mark{0};

// What the workers share, and what they know to be true of it.
struct World {
  std::array<Chan<std::uint64_t>, 4> channels = {make_chan<std::uint64_t>(), make_chan<std::uint64_t>(1),
                                                 make_chan<std::uint64_t>(7), make_chan<std::uint64_t>(64)};
  std::atomic<std::uint64_t> sent{0};  // sums of values, wrapping
  std::atomic<std::uint64_t> received{0};

  Mutex mutex;
  std::uint64_t guarded = 0;  // by mutex
  std::atomic<std::uint64_t> locked{0};

  RWMutex rw_mutex;
  std::uint64_t left = 0;  // always as `right`, seen from inside the lock
  std::uint64_t right = 0;

  Semaphore permits{kPermits};
  std::atomic<std::int64_t> in_use{0};

  Mutex shelf_mutex;
  Cond shelf_filled;
  std::uint64_t on_shelf = 0;  // by shelf_mutex
  std::atomic<std::uint64_t> shelved{0};
  std::atomic<std::uint64_t> unshelved{0};

  SingleFlight<int, int> flights;
  std::array<std::atomic<int>, 3> flying{};

  std::atomic<std::uint64_t> calls{0};
  std::atomic<std::uint64_t> expected_calls{0};

  std::atomic<std::uint64_t> steps{0};
  std::atomic<const char*> wrong{nullptr};  // what was found not to be true

  void require(bool condition, const char* what) {
    if (!condition) wrong = what;
  }
};

class Worker {
 public:
  Worker(World& world, std::uint64_t seed, int depth) : world_(world), random_(seed), depth_(depth) {}

  // Until it is cancelled.
  void run() {
    while (true) {
      const absl::Status status = with_timeout(absl::Microseconds(below(1500)), [this] { step(); });
      world_.require(status.ok() || absl::IsDeadlineExceeded(status), "with_timeout() returned another error");
      yield();
    }
  }

  void step() {
    ++world_.steps;
    switch (below(17)) {
      case 0:
        send();
        break;
      case 1:
        receive();
        break;
      case 2:
        try_both();
        break;
      case 3:
        select_some();
        break;
      case 4:
        lock();
        break;
      case 5:
        lock_shared();
        break;
      case 6:
        acquire();
        break;
      case 7:
        shelve();
        break;
      case 8:
        start_children();
        break;
      case 9:
        spawn_one();
        break;
      case 10:
        wait_for_time();
        break;
      case 11:
        call_later();
        break;
      case 12:
        use_context();
        break;
      case 13:
        fly();
        break;
      case 14:
        keep_thread();
        break;
      case 15:
        set_priority(static_cast<Priority>(below(3)));
        blocking([] {});
        break;
      default:
        keep_local();
    }
  }

 private:
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  Chan<std::uint64_t>& any_channel() { return world_.channels[below(world_.channels.size())]; }

  void linger() {
    switch (below(4)) {
      case 0:
        yield();
        break;
      case 1:
        sleep(absl::Microseconds(below(100)));
        break;
      default:
        break;
    }
  }

  // A send that leaves by Cancelled has sent nothing, a receive taken nothing.
  void send() {
    const std::uint64_t value = random_();
    any_channel().send(value);
    world_.sent += value;
  }
  void receive() { world_.received += any_channel().recv().value(); }

  void try_both() {
    std::uint64_t value = random_();
    const std::uint64_t as_sent = value;
    if (any_channel().try_send(value)) world_.sent += as_sent;
    std::optional<std::uint64_t> got;
    if (any_channel().try_recv(got) == RecvResult::kReceived) world_.received += *got;
  }

  void select_some() {
    const std::uint64_t value = random_();
    const Timer timer(absl::Microseconds(below(500)));
    const auto note = [this](std::optional<std::uint64_t> got) { world_.received += got.value(); };
    if (below(2) == 0) {
      select(on_recv(any_channel(), note), on_send(any_channel(), value, [&] { world_.sent += value; }),
             on_recv(any_channel(), note), on_recv(timer.chan()));
    } else {
      select(on_send(any_channel(), value, [&] { world_.sent += value; }), on_recv(any_channel(), note), otherwise());
    }
  }

  void lock() {
    const std::lock_guard guard(world_.mutex);
    ++world_.locked;
    const std::uint64_t before = world_.guarded++;
    shield([this] { linger(); });
    world_.require(world_.guarded == before + 1, "two held the Mutex");
  }

  void lock_shared() {
    if (below(3) == 0) {
      const std::lock_guard guard(world_.rw_mutex);
      ++world_.left;
      shield([this] { linger(); });
      ++world_.right;
    } else {
      const std::shared_lock guard(world_.rw_mutex);
      shield([this] { linger(); });
      world_.require(world_.left == world_.right, "a writer and a reader held the RWMutex");
    }
  }

  void acquire() {
    const auto wanted = static_cast<std::int64_t>(1 + below(kPermits));
    world_.permits.acquire(wanted);
    world_.require((world_.in_use += wanted) <= kPermits, "more permits than there are");
    shield([this] { linger(); });
    world_.in_use -= wanted;
    world_.permits.release(wanted);
  }

  void shelve() {
    std::unique_lock lock(world_.shelf_mutex);
    if (below(2) == 0) {
      ++world_.on_shelf;
      ++world_.shelved;
      world_.shelf_filled.notify_one();
      return;
    }
    world_.shelf_filled.wait(lock, [this] { return world_.on_shelf > 0; });
    --world_.on_shelf;
    ++world_.unshelved;
  }

  void start_children() {
    if (depth_ == 0) return;
    Scope scope;
    for (std::uint64_t i = below(4); i > 0; --i) {
      scope.go([this, seed = random_()] {
        Worker child(world_, seed, depth_ - 1);
        for (int step = 0; step < 4; ++step) child.step();
      });
    }
    if (below(3) == 0) scope.cancel();
    static_cast<void>(scope.wait());
  }

  void spawn_one() {
    if (depth_ == 0) return;
    // Nothing of this worker: the select below may leave by Cancelled, and the child goes on.
    auto handle = spawn([seed = random_(), depth = depth_ - 1, &world = world_] {
      Worker child(world, seed, depth);
      child.step();
      return seed;
    });
    if (below(3) == 0) handle.cancel();
    if (below(3) == 0) {
      select(on_recv(handle.done()), otherwise());
    }
    try {
      shield([&handle] { handle.join(); });
    } catch (const JoinCancelled&) {  // as asked for, or with this one
    }
  }

  void wait_for_time() {
    switch (below(3)) {
      case 0:
        sleep(absl::Microseconds(below(800)));
        break;
      case 1: {
        const Timer timer(absl::Microseconds(below(400)));
        if (below(2) == 0) timer.reset(absl::Microseconds(below(400)));
        if (below(3) != 0) timer.chan().recv();
        timer.stop();
        break;
      }
      default: {
        const Ticker ticker(absl::Microseconds(50 + below(200)));
        ticker.chan().recv();
        ticker.chan().recv();
      }
    }
  }

  void call_later() {
    ++world_.expected_calls;
    const Timer timer = after_func(absl::Microseconds(below(300)), [&world = world_] { ++world.calls; });
    const bool was_stopped = below(2) == 0 && timer.stop();
    if (was_stopped) --world_.expected_calls;
  }

  void use_context() {
    const WithCancel own = below(2) == 0 ? with_cancel(current_context())
                                         : with_timeout(current_context(), absl::Microseconds(below(300)));
    ++world_.expected_calls;
    const StopFunc stop = after_func(own.ctx, [&world = world_] { ++world.calls; });
    if (below(2) == 0) own.cancel();
    if (below(2) == 0 && stop()) --world_.expected_calls;
    select(on_recv(own.ctx.done()), on_recv(after(absl::Microseconds(below(200)))));
    own.cancel();
    world_.require(!own.ctx.err().ok(), "cancelled, and knows no error");
  }

  void fly() {
    const int key = static_cast<int>(below(3));
    const int landed = world_.flights.call(key, [this, key] {
      world_.require(++world_.flying[static_cast<std::size_t>(key)] == 1, "two flights of one key");
      shield([this] { linger(); });
      --world_.flying[static_cast<std::size_t>(key)];
      return key;
    });
    world_.require(landed == key, "another key's flight");
  }

  void keep_thread() {
    if (below(8) != 0) return;
    lock_os_thread();
    const pthread_t thread = pthread_self();
    shield([this] { linger(); });
    world_.require(pthread_equal(thread, pthread_self()) != 0, "moved to another thread");
    unlock_os_thread();
  }

  void keep_local() {
    const std::uint64_t mark = random_();
    own_mark.set(mark);
    linger();
    world_.require(own_mark.get() == mark, "another goroutine's Local");
  }

  World& world_;
  Random random_;
  const int depth_;
};

// A goroutine of the runtime, which num_goroutines() does not count, may still be on its way to start a call whose
// context's deadline has passed: the calls are waited for too, though not for ever.
void wait_until_settled(const World& world) {
  const testing::For patience(std::chrono::seconds(20));
  const auto is_settled = [&world] {
    return num_goroutines() == 1 && runtime_stats().timers == 0 && world.calls.load() >= world.expected_calls.load();
  };
  while (!is_settled() && patience) yield();
}

void expect_all_accounted_for(World& world) {
  std::optional<std::uint64_t> got;
  for (const auto& channel : world.channels) {
    while (channel.try_recv(got) == RecvResult::kReceived) world.received += *got;
  }
  EXPECT_EQ(world.wrong.load(), nullptr) << world.wrong.load();
  EXPECT_EQ(world.sent.load(), world.received.load()) << "values were lost, or came twice";
  EXPECT_EQ(world.guarded, world.locked.load());
  EXPECT_EQ(world.left, world.right);
  EXPECT_EQ(world.in_use.load(), 0);
  EXPECT_EQ(world.on_shelf, world.shelved.load() - world.unshelved.load());
  EXPECT_EQ(world.calls.load(), world.expected_calls.load()) << "functions were called late, twice or never";
  EXPECT_EQ(runtime_stats().timers, 0u);
  EXPECT_TRUE(world.permits.try_acquire(kPermits)) << "permits were lost";
  EXPECT_TRUE(world.mutex.try_lock());
  EXPECT_TRUE(world.rw_mutex.try_lock());
  world.mutex.unlock();
  world.rw_mutex.unlock();
}

std::chrono::milliseconds duration() {
  const char* told = std::getenv("NOVELO_SOAK_SECONDS");
  return std::chrono::seconds(told == nullptr ? 3 : std::atoi(told));
}

// Property: nothing is lost, doubled, left locked or left behind.
// Method:   workers do random steps under random deadlines; main cancels one after the other and starts new ones, and
//           changes the number of processors; at the end everything is counted. A new world every half second.
TEST(Soak, NothingIsLostUnderEverythingAtOnce) {
  const std::uint64_t first_seed = testing::seed();
  const testing::For running(duration());
  std::uint64_t round = 0;
  std::uint64_t steps = 0;
  for (; running && !HasFailure(); ++round) {
    SCOPED_TRACE("NOVELO_SEED=" + std::to_string(first_seed + round));
    Random random(first_seed + round);
    RuntimeOptions options;
    options.max_procs = static_cast<int>(1 + random() % 4);
    options.max_goroutines = 20'000;
    Runtime runtime(std::move(options));
    runtime.run([&] {
      World world;
      std::vector<JoinHandle<void>> workers;
      const auto start = [&] { return spawn([&world, seed = random()] { Worker(world, seed, 2).run(); }); };
      const auto end = [](JoinHandle<void>& worker) {
        worker.cancel();
        EXPECT_THROW(worker.join(), JoinCancelled);
      };
      for (int i = 0; i < kWorkers; ++i) workers.push_back(start());
      const testing::For world_lasts(std::chrono::milliseconds(500));
      while (world_lasts && world.wrong == nullptr) {
        sleep(absl::Microseconds(random() % 5000));
        JoinHandle<void>& one = workers[random() % workers.size()];
        end(one);
        one = start();
        if (random() % 32 == 0) set_max_procs(static_cast<int>(1 + random() % 4));
      }
      for (auto& worker : workers) end(worker);
      wait_until_settled(world);
      expect_all_accounted_for(world);
      steps += world.steps;
    });
  }
  std::cout << steps << " steps in " << round << " worlds\n";
  EXPECT_GT(steps, 0u);
}

}  // namespace
}  // namespace novelo
