// For the collector that is to be built: a marker that scans the stack of a parked goroutine, against whoever makes
// that runnable: the stack is never scanned while the goroutine runs, it is scanned once a cycle, and the wake-up is
// not lost.
//
//   the marker   waiting -> scanned now; scan; back to waiting, or, if a waker has left its note meanwhile, runnable
//   a waker      waiting -> runnable; of one that is being scanned it leaves a note, and the marker makes it runnable
//   its machine  scans it before it runs, unless a marker has
#include <memory>

#include "base/atomic.h"
#include "support/model/expect.h"

namespace novelo::rt {
namespace {

using model::expect_always;
using model::expect_found;
using model::Plain;
using model::Program;

enum class State : int { kWaiting, kScanning, kScanningAndReady, kRunnable };

struct Faults {
  bool waker_does_not_look = false;
  bool marker_does_not_look = false;
  bool runs_unscanned = false;
};

struct Goroutine {
  Atomic<State> state{State::kWaiting};
  Plain<int> stack{7};
  Atomic<int> scanned_in{0};  // cycle
  int scans = 0;
  Atomic<int> queued{0};  // times it was made runnable

  static constexpr int kCycle = 1;

  void scan() {
    stack.read();
    ++scans;
    scanned_in.store(kCycle, relaxed);  // published with the state
  }
  void enqueue() { queued.fetch_add(1, release); }  // [scan-queue] as a run queue does it
};

void scan_against_ready(Program& p, const Faults& faults) {
  auto g = std::make_shared<Goroutine>();
  p.thread([=] {  // the marker
    State expected = State::kWaiting;
    if (!g->state.compare_exchange_strong(expected, State::kScanning, acquire, relaxed)) return;
    g->scan();
    if (faults.marker_does_not_look) {
      g->state.store(State::kWaiting, release);
      return;
    }
    expected = State::kScanning;
    // [scan-state] release: whoever runs it comes after the scan; acquire: the waker's reason is handed on
    if (g->state.compare_exchange_strong(expected, State::kWaiting, acq_rel, acquire)) return;
    g->state.store(State::kRunnable, relaxed);
    g->enqueue();
  });
  p.thread([=] {  // the waker
    if (faults.waker_does_not_look) {
      g->state.store(State::kRunnable, relaxed);
      g->enqueue();
      return;
    }
    for (;;) {
      State expected = State::kWaiting;
      if (g->state.compare_exchange_strong(expected, State::kRunnable, acq_rel, relaxed)) {
        g->enqueue();
        return;
      }
      expected = State::kScanning;
      if (g->state.compare_exchange_strong(expected, State::kScanningAndReady, acq_rel, relaxed)) return;
    }
  });
  p.thread([=] {  // its machine
    model::wait_until([=] { return g->queued.peek() > 0; });
    g->queued.fetch_add(0, acquire);  // [scan-queue]
    if (!faults.runs_unscanned && g->scanned_in.load(relaxed) != Goroutine::kCycle) g->scan();
    g->stack.write(8);
  });
  p.at_end([=] {
    model::require(g->queued.peek() == 1, "made runnable twice");
    model::require(g->scans == 1, "not scanned once");
  });
}

TEST(ScanReadyModel, AStackIsScannedOnceAndNeverWhileItsGoroutineRuns) {
  expect_always([](Program& p) { scan_against_ready(p, {}); });
  expect_found("a data race", [](Program& p) { scan_against_ready(p, {.waker_does_not_look = true}); });
  expect_found("all threads wait", [](Program& p) { scan_against_ready(p, {.marker_does_not_look = true}); });
  expect_found("not scanned once", [](Program& p) { scan_against_ready(p, {.runs_unscanned = true}); });
}

}  // namespace
}  // namespace novelo::rt
