// The collector that looks through the stack of a goroutine (gc/stack_scan.cc), against the machine that is to run it:
// the stack is never looked through while the goroutine runs, it is looked through once a cycle, and nobody who was
// held back is forgotten.
//
//   the collector  claims the look; looks, in pieces; says that it is done; looks through who was held back, if that is
//                  still due, and queues it again; ends holding back
//   its machine    of a shallow one claims the look itself, or waits for the end of another's; of a deep one, if the
//                  look is not done, holds the goroutine back under the lock, and runs others
#include <memory>

#include "base/atomic.h"
#include "support/model/expect.h"

namespace novelo::rt {
namespace {

using model::expect_always;
using model::expect_found;
using model::Plain;
using model::Program;

constexpr int kDue = 0;
constexpr int kAtIt = 1;
constexpr int kDone = 2;

struct Faults {
  bool holds_back_without_looking = false;  // under the lock whether it is done by now
  bool ends_without_serving = false;
  bool runs_unscanned = false;
  bool says_done_early = false;  // before the last piece
};

struct Goroutine {
  Atomic<int> scan{kDue};
  Plain<int> stack{7};
  Plain<int> lower_stack{7};
  int scans = 0;
  model::ModelLock lock;
  Plain<bool> is_held_back{false};
  Plain<bool> holds_back{true};
  Atomic<int> queued{0};  // times it was

  void enqueue() { queued.fetch_add(1, release); }  // [scan-queue] as a run queue does it
  bool claim() {
    int expected = kDue;
    return scan.compare_exchange_strong(expected, kAtIt, acquire, acquire);
  }
  Atomic<int> turns{0};
  void give_way() { turns.fetch_add(1, relaxed); }  // to whoever wants to go on meanwhile
  void look() {
    stack.read();
    give_way();
    lower_stack.read();
    ++scans;
  }
  void run() {
    stack.write(8);
    lower_stack.write(8);
  }
};

void look_if_due(Goroutine& g, const Faults& faults) {
  if (!g.claim()) return;
  if (faults.says_done_early) {
    g.stack.read();
    ++g.scans;
    g.scan.store(kDone, release);
    g.give_way();
    g.lower_stack.read();
  } else {
    g.look();
    g.scan.store(kDone, release);  // [gc-scan]
  }
}

void serve_held_back(Goroutine& g) {
  g.lock.lock();
  const bool is_held_back = g.is_held_back.read();
  g.is_held_back.write(false);
  g.lock.unlock();
  if (!is_held_back) return;
  look_if_due(g, {});
  g.enqueue();
}

void collector(Goroutine& g, const Faults& faults) {
  serve_held_back(g);  // before others
  look_if_due(g, faults);
  if (!faults.ends_without_serving) serve_held_back(g);
  g.lock.lock();
  g.holds_back.write(false);
  g.lock.unlock();
}

// False: it runs once it is queued again.
bool may_run_deep(Goroutine& g, const Faults& faults) {
  if (faults.runs_unscanned || g.scan.load(acquire) == kDone) return true;  // [gc-scan]
  g.lock.lock();
  const bool is_done = !faults.holds_back_without_looking && (!g.holds_back.read() || g.scan.load(acquire) == kDone);
  if (!is_done) g.is_held_back.write(true);
  g.lock.unlock();
  return is_done;
}

void deep_against_ready(Program& p, const Faults& faults) {
  auto g = std::make_shared<Goroutine>();
  p.thread([=] { collector(*g, faults); });
  p.thread([=] { g->enqueue(); });  // who wakes it
  p.thread([=] {                    // its machine
    for (int times = 1;; ++times) {
      model::wait_until([=] { return g->queued.peek() >= times; });
      g->queued.fetch_add(0, acquire);  // [scan-queue]
      if (may_run_deep(*g, faults)) break;
    }
    g->run();
  });
  p.at_end([=] {
    model::require(g->scans == 1, "not scanned once");
    model::require(g->queued.peek() <= 2, "queued too often");
  });
}

void shallow_against_ready(Program& p, bool waits) {
  auto g = std::make_shared<Goroutine>();
  p.thread([=] { collector(*g, {}); });
  p.thread([=] { g->enqueue(); });
  p.thread([=] {
    model::wait_until([=] { return g->queued.peek() >= 1; });
    g->queued.fetch_add(0, acquire);  // [scan-queue]
    if (g->claim()) {
      g->look();
      g->scan.store(kDone, release);  // [gc-scan]
    } else if (waits) {
      model::wait_until([=] { return g->scan.peek() == kDone; });
      g->scan.fetch_add(0, acquire);  // [gc-scan] as the load that has seen it
    }
    g->run();
  });
  p.at_end([=] { model::require(g->scans == 1, "not scanned once"); });
}

TEST(ScanReadyModel, ADeepStackIsScannedOnceAndNeverWhileItsGoroutineRuns) {
  expect_always([](Program& p) { deep_against_ready(p, {}); });
  expect_found("all threads wait", [](Program& p) { deep_against_ready(p, {.holds_back_without_looking = true}); });
  expect_found("all threads wait", [](Program& p) { deep_against_ready(p, {.ends_without_serving = true}); });
  expect_found("a data race", [](Program& p) { deep_against_ready(p, {.runs_unscanned = true}); });
  expect_found("a data race", [](Program& p) { deep_against_ready(p, {.says_done_early = true}); });
}

TEST(ScanReadyModel, AShallowStackIsScannedOnceAndNeverWhileItsGoroutineRuns) {
  expect_always([](Program& p) { shallow_against_ready(p, true); });
  expect_found("a data race", [](Program& p) { shallow_against_ready(p, false); });
}

}  // namespace
}  // namespace novelo::rt
