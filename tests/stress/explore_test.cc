// Channels, select, scopes and timers over many interleavings drawn from seeds, with cancellation anywhere. A failure
// prints its seed.
#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "support/explored.h"

namespace novelo {
namespace {

using testing::choose;
using testing::expect_no_failure;
using testing::require;

TEST(ChannelExplored, EachAcceptedValueArrivesOnceThoughSomeAreCancelled) {
  expect_no_failure([] {
    const auto c = make_chan<int>(choose(3));
    std::map<int, int> accepted;
    std::map<int, int> received;
    std::vector<JoinHandle<void>> senders;
    std::vector<JoinHandle<void>> receivers;
    for (int s = 0; s < 3; ++s) {
      senders.push_back(spawn([&, s] {
        for (int i = 0; i < 3; ++i) {
          const int value = 10 * s + i;
          // Noted before, since a value may arrive before send() returns; taken back when it leaves by Cancelled.
          ++accepted[value];
          try {
            c.send(value);
          } catch (const Cancelled&) {
            --accepted[value];
            throw;
          }
        }
      }));
      receivers.push_back(spawn([&] {
        for (int& value : c) ++received[value];
      }));
    }
    senders[0].cancel();
    yield();
    receivers[1].cancel();
    yield();
    for (auto& sender : senders) {
      try {
        sender.join();
      } catch (const JoinCancelled&) {
      }
    }
    c.close();
    for (auto& receiver : receivers) {
      try {
        receiver.join();
      } catch (const JoinCancelled&) {
      }
    }
    std::erase_if(accepted, [](const auto& entry) { return entry.second == 0; });
    require(accepted == received, "what was accepted is not what arrived");
  });
}

TEST(ChannelExplored, ClosedItServesNoSenderThatWaitedHoweverManyThereAre) {
  expect_no_failure([] {
    constexpr std::size_t kSenders = 40;  // more than close() releases at once
    const auto c = make_chan<int>(choose(2));
    std::size_t refused = 0;
    Scope senders;
    for (std::size_t i = 0; i < kSenders; ++i) {
      senders.go([&, c] {
        try {
          c.send(1);
        } catch (const ChannelClosed&) {
          ++refused;
        }
      });
    }
    sleep(absl::Milliseconds(1));  // all wait, but one that is in the buffer
    auto closer = spawn([c] { c.close(); });
    std::size_t received = 0;
    std::size_t late = 0;
    for (bool was_closed = false; !was_closed;) {
      const bool is_closed = refused > 0;
      was_closed = !c.recv().has_value();
      if (was_closed) continue;
      ++received;
      if (is_closed) ++late;
    }
    require(late <= c.cap(), "a sender was served after the close");
    closer.join();
    static_cast<void>(senders.wait());
    require(refused + received == kSenders, "a value was lost, or came twice");
  });
}

TEST(SelectExplored, APairOfSelectsMeetsOnceAndNeverWithItself) {
  expect_no_failure([] {
    const auto a = make_chan<int>();
    const auto b = make_chan<int>();
    int sent = 0;
    int received = 0;
    const auto both_ways = [&](int value) {
      for (int i = 0; i < 4; ++i) {
        select(on_send(a, value, [&] { ++sent; }),
               on_recv(a,
                       [&](std::optional<int> v) {
                         require(*v != value, "a select received what it sent itself");
                         ++received;
                       }),
               on_send(b, value, [&] { ++sent; }), on_recv(b, [&](std::optional<int> v) {
                 require(*v != value, "a select received what it sent itself");
                 ++received;
               }));
      }
    };
    auto one = spawn([&] { both_ways(1); });
    auto two = spawn([&] { both_ways(2); });
    one.join();
    two.join();
    require(sent == 4 && received == 4, "a send without its receive");
  });
}

TEST(DeadlineExplored, AReceiveEndsByItsValueOrItsDeadlineAndLosesNeither) {
  expect_no_failure([] {
    const auto c = make_chan<int>();
    const absl::Duration due = absl::Milliseconds(choose(3));
    bool was_sent = false;
    auto sender = spawn([&] {
      sleep(absl::Milliseconds(1));
      was_sent = c.try_send(*std::make_unique<int>(7));
    });
    std::optional<int> got;
    const absl::Status status = with_timeout(due, [&] { got = c.recv(); });
    sender.join();
    require(status.ok() == was_sent, "the receiver and the sender disagree");
    require(got.has_value() == was_sent, "the value was lost");
  });
}

TEST(ScopeExplored, CancelReachesEveryoneWhereverTheyAre) {
  expect_no_failure([] {
    const std::size_t before = num_goroutines();
    const auto never = make_chan<int>();
    int unwound = 0;
    struct Count {
      int& unwound;
      ~Count() { ++unwound; }
    };
    Scope scope;
    for (int i = 0; i < 3; ++i) {
      scope.go([&] {
        const Count outer{unwound};
        spawn([&] {
          const Count inner{unwound};
          never.recv();
        }).join();
      });
    }
    for (int i = choose(4); i > 0; --i) yield();
    scope.cancel();
    static_cast<void>(scope.wait());
    require(num_goroutines() == before, "goroutines are left");
    require(unwound >= 3 && unwound <= 6, "a destructor did not run");
  });
}

TEST(TimerExplored, AfterStopNothingIsReceived) {
  expect_no_failure([] {
    const Timer timer(absl::Milliseconds(1));
    auto other = spawn([] { sleep(absl::Milliseconds(choose(3))); });
    sleep(absl::Milliseconds(choose(3)));
    const bool was_going_to = timer.stop();
    std::optional<absl::Time> stale;
    require(timer.chan().try_recv(stale) == RecvResult::kEmpty, "a stale value was received");
    require(!timer.stop(), "stopped twice");
    static_cast<void>(was_going_to);
    other.join();
  });
}

}  // namespace
}  // namespace novelo
