// The search for goroutines that wait for ever: patterns of leaks are found, their healthy twins are not.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "novelo/leaks.h"
#include "support/runtime_fixture.h"

namespace novelo {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
// Channels are in memory of malloc, so that errors with them are found; or the sanitizer keeps addresses of its own.
constexpr bool kFinds = false;
#else
constexpr bool kFinds = true;
#endif

class LeakTest : public testing::RuntimeTest {
 protected:
  // Runs `pattern` in a goroutine, of which nothing is left afterwards but what it has started.
  template <class F>
  static void in_goroutine(F pattern) {
    spawn(std::move(pattern)).join();
  }

  // The reasons of those found, once `waiting` goroutines wait.
  static std::vector<std::string> reasons_of_leaks(std::size_t waiting) {
    testing::yield_until_waiting(waiting);
    std::vector<std::string> reasons;
    for (const LeakedGoroutine& leak : find_leaks()) reasons.emplace_back(leak.goroutine.reason);
    std::ranges::sort(reasons);
    return reasons;
  }

  using Reasons = std::vector<std::string>;

  static void expect_found(const Reasons& expected, const Reasons& found) {
    if (kFinds) {
      EXPECT_EQ(found, expected);
    } else {
      EXPECT_TRUE(std::ranges::includes(expected, found)) << "found somebody who is none of them";
    }
  }

  template <class F>
  void expect_leaks(const Reasons& expected, F pattern) {
    run([&] {
      in_goroutine(pattern);
      expect_found(expected, reasons_of_leaks(expected.size()));
    });
  }
};

// ---- patterns ----

TEST_P(LeakTest, FindsARangeOverAChannelThatNobodyCloses) {
  expect_leaks({"chan receive"}, [] {
    auto jobs = make_chan<int>();
    go([jobs] {
      for (int job : jobs) static_cast<void>(job);
    });
    for (int i = 0; i < 3; ++i) jobs.send(i);
  });
}

TEST_P(LeakTest, FindsASecondSendToWhoReceivesOnce) {
  expect_leaks({"chan send"}, [] {
    auto results = make_chan<int>();
    go([results] {
      results.send(1);
      results.send(2);
    });
    results.recv();
  });
}

TEST_P(LeakTest, FindsTheSenderWhoseReceiverReturnedEarly) {
  expect_leaks({"chan send", "chan send"}, [] {
    auto results = make_chan<std::string>();
    for (int i = 0; i < 3; ++i) go([results] { results.send("result"); });
    results.recv();
  });
}

TEST_P(LeakTest, FindsTheSenderWhoseReceiverTimedOut) {
  expect_leaks({"chan send"}, [] {
    auto result = make_chan<int>();
    auto start = make_chan<Unit>();
    go([result, start] {
      start.recv();
      result.send(1);
    });
    select(on_recv(result), on_recv(after(absl::Milliseconds(1))));
    start.send({});
  });
}

TEST_P(LeakTest, FindsAFanOutBeyondItsBuffer) {
  expect_leaks({"chan send"}, [] {
    auto results = make_chan<int>(2);
    for (int i = 0; i < 3; ++i) go([results, i] { results.send(i); });
  });
}

TEST_P(LeakTest, FindsWaitsForNilChannelsAndEmptySelects) {
  expect_leaks({"forever", "forever", "forever"}, [] {
    go([] { Chan<int>().recv(); });
    go([] { Chan<int>().send(1); });
    go([] { select(std::span<SelectCase>()); });
  });
}

TEST_P(LeakTest, FindsASelectOfWhichNoCaseCanCome) {
  expect_leaks({"select"}, [] {
    auto one = make_chan<int>();
    auto other = make_chan<int>();
    go([one, other] { select(on_recv(one), on_send(other, 1)); });
  });
}

TEST_P(LeakTest, FindsTwoThatWaitForEachOther) {
  expect_leaks({"chan receive", "chan send"}, [] {
    auto here = make_chan<int>();
    auto there = make_chan<int>();
    go([here, there] {
      here.recv();
      there.recv();
    });
    go([here, there] {
      there.send(1);
      here.send(1);
    });
  });
}

TEST_P(LeakTest, FindsTheOneForAMutexThatNobodyUnlocks) {
  expect_leaks({"mutex"}, [] {
    auto mutex = gc::make<Mutex>();
    mutex->lock();
    go([mutex] { mutex->lock(); });
  });
}

TEST_P(LeakTest, FindsTheOneForAWaitGroupThatIsShortOfADone) {
  expect_leaks({"wait group"}, [] {
    auto group = gc::make<WaitGroup>();
    group->add(2);
    go([group] { group->done(); });
    go([group] { group->wait(); });
  });
}

TEST_P(LeakTest, FindsThoseForACondASemaphoreAndARwMutex) {
  struct Shared {
    Mutex mutex;
    Cond changed;
    Semaphore places{1};
    RWMutex table;
  };
  expect_leaks({"cond", "rwmutex read", "semaphore"}, [] {
    auto shared = gc::make<Shared>();
    shared->places.acquire();
    shared->table.lock();
    go([shared] {
      shared->mutex.lock();
      shared->changed.wait(shared->mutex);
    });
    go([shared] { shared->places.acquire(); });
    go([shared] { shared->table.lock_shared(); });
  });
}

TEST_P(LeakTest, FindsWhoJoinsOneThatWaitsForEver) {
  expect_leaks({"chan receive", "join"}, [] {
    go([] {
      auto nothing = make_chan<int>();
      spawn([nothing] { nothing.recv(); }).join();
    });
  });
}

TEST_P(LeakTest, FindsWhoWaitsForAScopeOfOneThatWaitsForEver) {
  expect_leaks({"chan receive", "scope"}, [] {
    go([] {
      auto nothing = make_chan<int>();
      Scope scope;
      scope.go([nothing] { nothing.recv(); });
      scope.wait().IgnoreError();
    });
  });
}

TEST_P(LeakTest, FindsAPipelineWhoseEndIsGone) {
  expect_leaks({"chan send", "chan send", "chan send"}, [] {
    auto in = make_chan<int>();
    go([in] {
      for (int i = 0;; ++i) in.send(i);
    });
    for (int stage = 0; stage < 2; ++stage) {
      auto out = make_chan<int>();
      go([in, out] {
        for (int i : in) out.send(i);
      });
      in = out;
    }
    in.recv();
  });
}

// With one number of processors: of a goroutine that was left by an exception malloc keeps words that point to its
// stack, so that what comes to stand there is not found. This one gets a stack that nobody has had.
class LeakOnFreshStackTest : public LeakTest {};
INSTANTIATE_TEST_SUITE_P(Procs, LeakOnFreshStackTest, ::testing::Values(2));

TEST_P(LeakOnFreshStackTest, FindsAWaitGroupOnTheStackOfWhoWaits) {
  run([] {
    constexpr int kOthers = kFinds ? 2000 : 10;
    auto end = make_chan<Unit>();
    for (int i = 0; i < kOthers; ++i) go([end] { end.recv(); });
    testing::yield_until_waiting(kOthers);
    go([] {
      WaitGroup group;
      group.add(1);
      auto nothing = make_chan<int>();
      go([&group, nothing] {
        nothing.recv();
        group.done();
      });
      group.wait();
    });
    expect_found({"chan receive", "wait group"}, reasons_of_leaks(kOthers + 2));
    end.close();
  });
}

// ---- what is told ----

TEST_P(LeakTest, TellsWhereTheGoroutineWaitsAndWhoItIs) {
  if (!kFinds) return;
  run([] {
    in_goroutine([] {
      auto nothing = make_chan<int>();
      go([nothing] {
        set_goroutine_name("forgotten");
        nothing.recv();
      });
    });
    testing::yield_until_waiting(1);
    const std::vector<LeakedGoroutine> leaks = find_leaks();
    ASSERT_EQ(leaks.size(), 1u);
    EXPECT_EQ(leaks[0].goroutine.name, "forgotten");
    EXPECT_EQ(leaks[0].goroutine.state, "waiting");
    EXPECT_NE(leaks[0].calls.find("started by goroutine"), std::string::npos) << leaks[0].calls;
  });
}

TEST_P(LeakTest, TellsWhoseTheGoroutineIs) {
  if (!kFinds) return;
  run([] {
    Meter leaky;
    Meter other;
    in_goroutine([&] {
      leaky.run([] {
        auto nothing = make_chan<int>();
        go([nothing] { nothing.recv(); });
      });
      other.run([] {});
    });
    testing::yield_until_waiting(1);
    const std::vector<LeakedGoroutine> leaks = find_leaks();
    ASSERT_EQ(leaks.size(), 1u);
    EXPECT_TRUE(leaks[0].is_metered_by(leaky));
    EXPECT_FALSE(leaks[0].is_metered_by(other));
  });
}

TEST_P(LeakTest, ForgetsOneThatWasCancelled) {
  run([] {
    Scope scope;
    in_goroutine([&scope] {
      auto nothing = make_chan<int>();
      scope.go([nothing] { nothing.recv(); });
    });
    expect_found({"chan receive"}, reasons_of_leaks(1));
    scope.cancel();
    scope.wait().IgnoreError();
    EXPECT_TRUE(find_leaks().empty());
  });
}

// ---- healthy twins: each waits while the search goes on, and can go on afterwards ----

TEST_P(LeakTest, LeavesOutWhoseChannelIsOnTheStackOfOneAlive) {
  run([] {
    auto jobs = make_chan<int>();
    auto worker = spawn([jobs] { return jobs.recv(); });
    EXPECT_TRUE(reasons_of_leaks(1).empty());
    jobs.send(1);
    EXPECT_EQ(worker.join(), 1);
  });
}

TEST_P(LeakTest, LeavesOutAChainThatOneAliveCanSetGoing) {
  run([] {
    auto go_on = make_chan<Unit>();
    in_goroutine([go_on] {
      auto a = make_chan<int>();
      auto b = make_chan<int>();
      auto c = make_chan<int>();
      go([a] { a.recv(); });
      go([a, b] {
        b.recv();
        a.send(1);
      });
      go([b, c] {
        select(on_recv(c), on_recv(make_chan<int>()));
        b.send(1);
      });
      go([c, go_on] {
        go_on.recv();
        c.send(1);
      });
    });
    EXPECT_TRUE(reasons_of_leaks(4).empty());
    go_on.send({});
  });
}

TEST_P(LeakTest, LeavesOutWhoWaitsForOneThatSleeps) {
  run([] {
    in_goroutine([] {
      auto done = make_chan<int>();
      auto sleeper = spawn([done] {
        sleep(absl::Seconds(1000));
        done.send(1);
      });
      go([done] { done.recv(); });
      go([sleeper = std::move(sleeper)]() mutable { sleeper.join(); });
      go([] {
        Scope scope;
        scope.go([] { sleep(absl::Seconds(1000)); });
        scope.wait().IgnoreError();
      });
    });
    EXPECT_TRUE(reasons_of_leaks(5).empty());
  });
}

TEST_P(LeakTest, LeavesOutWhatHasADeadline) {
  run([] {
    in_goroutine([] {
      go([] {
        auto nothing = make_chan<int>();
        static_cast<void>(with_deadline(now() + absl::Hours(1), [&] { nothing.recv(); }));
      });
      go([] {
        auto nothing = make_chan<int>();
        select(on_recv(nothing), on_recv(after(absl::Hours(1))));
      });
      go([] { after(absl::Hours(1)).recv(); });
    });
    EXPECT_TRUE(reasons_of_leaks(3).empty());
  });
}

TEST_P(LeakTest, LeavesOutWhoWaitsForItsContext) {
  run([] {
    const auto [context, cancel] = with_cancel(Context());
    in_goroutine([given = context] {
      go([given] {
        auto nothing = make_chan<int>();
        select(on_recv(nothing), on_recv(given.done()));
      });
    });
    EXPECT_TRUE(reasons_of_leaks(1).empty());
    cancel();
  });
}

Chan<int> global_channel;

TEST_P(LeakTest, LeavesOutWhoseChannelIsInMemoryOfTheProgram) {
  run([] {
    auto in_malloc = std::make_unique<std::vector<Chan<int>>>();
    in_malloc->push_back(make_chan<int>());
    global_channel = make_chan<int>();
    auto in_object = gc::make<Chan<int>>(make_chan<int>());
    auto in_channel = make_chan<Chan<int>>(1);
    in_channel.send(make_chan<int>());
    in_goroutine([&] {
      go([one = in_malloc->front()] { one.recv(); });
      go([one = global_channel] { one.recv(); });
      go([one = *in_object] { one.recv(); });
      auto sent = *in_channel.recv();
      go([one = sent] { one.recv(); });
      in_channel.send(std::move(sent));
    });
    EXPECT_TRUE(reasons_of_leaks(4).empty());
    in_malloc->front().close();
    global_channel.close();
    in_object->close();
    in_channel.recv()->close();
    global_channel = {};
  });
}

TEST_P(LeakTest, LeavesOutWhoseChannelIsInAClosureToCome) {
  run([] {
    in_goroutine([] {
      auto later = make_chan<int>();
      auto timer = after_func(absl::Hours(1), [later] { later.send(1); });
      go([later, timer] {
        struct Stop {
          ~Stop() { timer.stop(); }
          const Timer& timer;
        } stop{timer};
        later.recv();
      });
      auto large = make_chan<int>();
      go([large, room = std::array<char, 200>()] {
        static_cast<void>(room);
        sleep(absl::Hours(1));
        large.close();
      });
      go([large] { large.recv(); });
    });
    EXPECT_TRUE(reasons_of_leaks(3).empty());
  });
}

TEST_P(LeakTest, LeavesOutWhoWaitsForAForeignThread) {
  run_with_foreign_threads([] {
    auto begun = make_chan<Unit>();
    auto answer = make_chan<int>();
    auto end = make_chan<Unit>();
    std::thread thread([begun, &end, answer = answer] {
      begun.send({});
      end.recv();
      answer.send(1);
    });
    begun.recv();
    in_goroutine([answer = std::move(answer)] { go([answer] { answer.recv(); }); });
    EXPECT_TRUE(reasons_of_leaks(1).empty());
    end.send({});
    blocking([&] { thread.join(); });
  });
}

[[gnu::noinline]] void send_when_told(Chan<int>& from, std::atomic<int>& step) {
  Chan<int> channel = std::move(from);
  step = 1;
  step.notify_all();
  step.wait(1);
  int one = 1;
  channel.try_send(one);
}

TEST_P(LeakTest, LeavesOutWhoseChannelIsUsedInsideBlocking) {
  run_with_foreign_threads([] {
    auto channel = make_chan<int>();
    auto waiting = spawn([channel] { return channel.recv(); });
    std::atomic<int> step{0};
    auto sender =
        spawn([channel = std::move(channel), &step]() mutable { blocking([&] { send_when_told(channel, step); }); });
    testing::yield_until([&step] { return step == 1; });
    EXPECT_TRUE(reasons_of_leaks(1).empty());
    step = 2;
    step.notify_all();
    EXPECT_EQ(waiting.join(), 1);
    sender.join();
  });
}

TEST_P(LeakTest, LeavesOutWhatIsSharedByAddressWithOneAlive) {
  run([] {
    WaitGroup group;
    Mutex mutex;
    group.add(1);
    mutex.lock();
    auto waiting = spawn([&] { group.wait(); });
    auto locking = spawn([&] { mutex.lock(); });
    auto owner = spawn([] {
      WaitGroup own;
      own.add(1);
      go([&own] {
        sleep(absl::Milliseconds(200));
        own.done();
      });
      own.wait();
    });
    EXPECT_TRUE(reasons_of_leaks(3).empty());
    group.done();
    mutex.unlock();
    owner.join();
    locking.join();
    waiting.join();
  });
}

TEST_P(LeakTest, FindsNobodyAmongManyThatHandOnAChannel) {
  run([] {
    // The only handle that can end the wait goes from goroutine to goroutine all the time.
    auto awaited = make_chan<int>();
    std::atomic<bool> is_over{false};
    struct Relay {
      static void run(Chan<int> handle, std::atomic<bool>& over, int left) {
        if (over || left == 0) return handle.close();
        go([handle = std::move(handle), &over, left]() mutable { run(std::move(handle), over, left - 1); });
      }
    };
    auto waiting = spawn([awaited] { awaited.recv(); });
    go([handle = std::move(awaited), &is_over]() mutable { Relay::run(std::move(handle), is_over, 1 << 30); });
    for (int i = 0; i < (kFinds ? 10 : 2); ++i) EXPECT_TRUE(find_leaks().empty());
    is_over = true;
    waiting.join();
  });
}

TEST_P(LeakTest, ComesToAnEndThoughOthersMakeObjectsAndClosuresAllTheTime) {
  run([] {
    struct Node {
      gc::Ptr<Node> next;
      Chan<int> channel;
    };
    std::atomic<bool> is_over{false};
    Scope scope;
    scope.go([&is_over] {
      auto head = gc::make<Node>();
      for (int i = 0; !is_over; ++i) {
        auto node = gc::make<Node>();
        node->channel = i % 100 == 0 ? make_chan<int>() : head->channel;
        node->next = i % 1000 == 0 ? nullptr : head;
        head = node;
        if (i % 100 == 0) yield();
      }
    });
    scope.go([&is_over] {
      while (!is_over) spawn([room = std::array<Chan<int>, 30>()] { static_cast<void>(room); }).join();
    });
    auto awaited = gc::make<Chan<int>>(make_chan<int>());
    auto waiting = spawn([channel = *awaited] { channel.recv(); });
    for (int i = 0; i < (kFinds ? 5 : 1); ++i) EXPECT_TRUE(find_leaks().empty());
    is_over = true;
    awaited->close();
    waiting.join();
    EXPECT_TRUE(scope.wait().ok());
  });
}

TEST_P(LeakTest, IsAskedForInAGoroutineAlone) {
  EXPECT_THROW(find_leaks(), RuntimeError);
}

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)  // a search takes them a second
INSTANTIATE_TEST_SUITE_P(Procs, LeakTest, ::testing::Values(2));
#else
NOVELO_WITH_PROCS(LeakTest);
#endif

}  // namespace
}  // namespace novelo
