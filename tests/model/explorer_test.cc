// The explorer itself: it finds what C++'s memory model allows, and nothing that it forbids.
#include "support/model/explorer.h"

#include "base/atomic.h"
#include "support/model/expect.h"

namespace novelo::rt {
namespace {

using model::expect_always;
using model::expect_found;
using model::Plain;
using model::Program;
using model::require;

struct Two {
  Atomic<int> x{0};
  Atomic<int> y{0};
  int r1 = -1;
  int r2 = -1;
};

// Both threads store theirs and read the other's.
void store_buffering(Program& p, std::memory_order store, std::memory_order load, bool is_fenced) {
  auto s = std::make_shared<Two>();
  p.thread([=] {
    s->x.store(1, store);
    if (is_fenced) full_fence();
    s->r1 = s->y.load(load);
  });
  p.thread([=] {
    s->y.store(1, store);
    if (is_fenced) full_fence();
    s->r2 = s->x.load(load);
  });
  p.at_end([=] { require(s->r1 == 1 || s->r2 == 1, "both read the old value"); });
}

TEST(ExplorerModel, StoresAreBufferedUnlessAFenceStandsBetween) {
  expect_found("both read the old value", [](Program& p) { store_buffering(p, release, acquire, false); });
  expect_always([](Program& p) { store_buffering(p, relaxed, relaxed, true); });
  expect_always([](Program& p) { store_buffering(p, seq_cst, seq_cst, false); });
}

// A message and the flag that says it is there.
void message_passing(Program& p, std::memory_order store, std::memory_order load) {
  struct State {
    Plain<int> message;
    Atomic<int> flag{0};
  };
  auto s = std::make_shared<State>();
  p.thread([=] {
    s->message.write(7);
    s->flag.store(1, store);
  });
  p.thread([=] {
    if (s->flag.load(load) == 1) require(s->message.read() == 7, "the message is not there");
  });
}

TEST(ExplorerModel, AMessageNeedsReleaseAndAcquire) {
  expect_always([](Program& p) { message_passing(p, release, acquire); });
  expect_found("a data race", [](Program& p) { message_passing(p, relaxed, acquire); });
  expect_found("a data race", [](Program& p) { message_passing(p, release, relaxed); });
}

TEST(ExplorerModel, AReleaseSequenceGoesThroughReadModifyWrites) {
  struct State {
    Plain<int> message;
    Atomic<int> flag{0};
  };
  expect_always(
      [](Program& p) {
        auto s = std::make_shared<State>();
        p.thread([=] {
          s->message.write(7);
          s->flag.store(1, release);
        });
        p.thread([=] { s->flag.fetch_add(1, relaxed); });
        p.thread([=] {
          if (s->flag.load(acquire) == 2) require(s->message.read() == 7, "the message is not there");
        });
      },
      {.preemptions = 0});
}

TEST(ExplorerModel, OneObjectIsNeverReadBackwards) {
  expect_always([](Program& p) {
    auto s = std::make_shared<Two>();
    p.thread([=] {
      s->x.store(1, relaxed);
      s->x.store(2, relaxed);
    });
    p.thread([=] {
      s->r1 = s->x.load(relaxed);
      s->r2 = s->x.load(relaxed);
      require(s->r2 >= s->r1, "read backwards");
    });
  });
}

TEST(ExplorerModel, AHeavyBarrierIsAFenceForBothSides) {
  const auto program = [](bool has_barrier) {
    return [has_barrier](Program& p) {
      auto s = std::make_shared<Two>();
      p.thread([=] {
        s->x.store(1, relaxed);
        s->r1 = s->y.load(relaxed);
      });
      p.thread([=] {
        s->y.store(1, relaxed);
        if (has_barrier) model::fence_everywhere();
        s->r2 = s->x.load(relaxed);
      });
      p.at_end([=] { require(s->r1 == 1 || s->r2 == 1, "both read the old value"); });
    };
  };
  expect_always(program(true));
  expect_found("both read the old value", program(false));
}

TEST(ExplorerModel, AnUpdateMadeOfLoadAndStoreIsLost) {
  const auto program = [](bool is_atomic) {
    return [is_atomic](Program& p) {
      auto s = std::make_shared<Two>();
      for (int i = 0; i < 2; ++i) {
        p.thread([=] {
          if (is_atomic) {
            s->x.fetch_add(1, relaxed);
          } else {
            s->x.store(s->x.load(relaxed) + 1, relaxed);
          }
        });
      }
      p.at_end([=] { require(s->x.peek() == 2, "an update was lost"); });
    };
  };
  expect_always(program(true));
  expect_found("an update was lost", program(false));
}

TEST(ExplorerModel, ThreadsThatWaitForEachOtherAreFound) {
  expect_found("all threads wait", [](Program& p) {
    auto s = std::make_shared<Two>();
    p.thread([=] {
      model::wait_until([=] { return s->y.peek() == 1; });
      s->x.store(1, release);
    });
    p.thread([=] {
      model::wait_until([=] { return s->x.peek() == 1; });
      s->y.store(1, release);
    });
  });
}

}  // namespace
}  // namespace novelo::rt
