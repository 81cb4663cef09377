// Looking through goroutines for words that may refer to objects: their stacks, the registers saved there, and the
// callable they run.
#include "gc/cycle.h"
#include "gc/leak_finder.h"
#include "gc/turns.h"
#include "sched/overflow.h"
#include "sched/scheduler.h"

namespace novelo::rt {
namespace {

void scan_body(const Goroutine& g, Marker& marker) noexcept {
  marker.shade_all(&g.body, &g.body + 1);
}

void scan_stack(const char* sp, const Stack& stack, Marker& marker) noexcept {
  const auto aligned = reinterpret_cast<std::uintptr_t>(sp) & ~(sizeof(void*) - 1);
  marker.shade_all(reinterpret_cast<const void*>(aligned), stack.bottom + stack.size);
}

void scan_left_stacks(const Goroutine& g, Marker& marker) noexcept {
  for (const StackSegment* left = g.segments; left != nullptr; left = left->outer) {
    scan_stack(static_cast<const char*>(left->context.sp), left->stack, marker);
  }
}

void tell_leak_finder(const Goroutine& g) noexcept {
  if (LeakFinder* finder = LeakFinder::in_use.load(acquire)) finder->is_alive(g);  // [leak-finder]
}

}  // namespace

// True: it is the caller who looks through it. Waits while somebody else does.
bool Collector::claim_scan(Goroutine& g) noexcept {
  const std::uint64_t done = scanned();
  std::uint64_t now = g.scan.load(acquire);  // [gc-scan]
  for (;;) {
    if (now == done) return false;
    if (now == done + 1) {
      cpu_relax();
      now = g.scan.load(acquire);  // [gc-scan] with the end of the other's look
      continue;
    }
    if (g.scan.compare_exchange_weak(now, done + 1, acquire, acquire)) return true;  // [gc-scan]
  }
}

void Collector::scan_stopped(Goroutine& g, Marker& marker) noexcept {
  scan_body(g, marker);
  tell_leak_finder(g);
  if (g.stack.bottom != nullptr) {
    scan_stack(static_cast<const char*>(g.context.sp), g.stack, marker);
    scan_left_stacks(g, marker);
  }
  g.scan.store(scanned(), release);  // [gc-scan]
}

void Collector::scan_running(Goroutine& g, Marker& marker, const void* sp) noexcept {
  scan_body(g, marker);
  tell_leak_finder(g);
  scan_stack(static_cast<const char*>(sp), g.stack, marker);
  scan_left_stacks(g, marker);
  g.scan.store(scanned(), release);  // [gc-scan]
}

void Collector::for_each_unscanned(Turns& turns, absl::FunctionRef<void(Goroutine& g, const char* blocking_sp)> scan) {
  scheduler()->for_each_goroutine([&](const Goroutine& one) {
    auto& g = const_cast<Goroutine&>(one);
    for (int times = 0;; turns.wait(times++)) {
      const GoroutineState state = g.state.load(acquire);  // [gc-state]
      if (state == GoroutineState::kDead || g.scan.load(relaxed) == scanned()) return;
      const char* blocking_sp = g.blocking_sp.load(acquire);  // [gc-blocking] with begin()
      // Who runs has been looked through, but for one in a BlockingSection, whose thread is elsewhere. Another is off
      // its stack, and its machine is about to say what becomes of it.
      if (state == GoroutineState::kRunning && blocking_sp == nullptr) continue;
      return scan(g, blocking_sp);
    }
  });
}

void Collector::scan_goroutines(Turns& turns) noexcept {
  constexpr int kLookEvery = 32;
  Marker marker(heap_, queue_);
  int looks = 0;
  for_each_unscanned(turns, [&](Goroutine& g, const char* blocking_sp) {
    if (++looks % kLookEvery == 0) turns.give_way();
    if (!claim_scan(g)) return;
    if (blocking_sp != nullptr) {
      scan_running(g, marker, blocking_sp);
    } else {
      scan_stopped(g, marker);
    }
  });
  marked_bytes_.fetch_add(marker.take_marked_bytes(), relaxed);
  marked_objects_.fetch_add(marker.take_marked_objects(), relaxed);
}

}  // namespace novelo::rt
