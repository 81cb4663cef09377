// Looking through goroutines for words that may refer to objects: their stacks, the registers saved there, and the
// callable they run.
#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/clear_frames.h"
#include "gc/cycle.h"
#include "gc/leak_finder.h"
#include "gc/turns.h"
#include "os/clock.h"
#include "sched/overflow.h"
#include "sched/scheduler.h"

namespace novelo::rt {
namespace {

void scan_body(const Goroutine& g, Marker& marker) noexcept {
  marker.shade_all(&g.body, &g.body + 1);
}

constexpr std::size_t kPieceBytes = std::size_t{32} << 10;

// With `turns` others have theirs between two pieces.
void scan_stack(const void* sp, const Stack& stack, Marker& marker, Turns* turns) noexcept {
  const char* at = reinterpret_cast<const char*>(reinterpret_cast<std::uintptr_t>(sp) & ~(sizeof(void*) - 1));
  const char* const end = stack.bottom + stack.size;
  while (static_cast<std::size_t>(end - at) > kPieceBytes) {
    marker.shade_all(at, at + kPieceBytes);
    at += kPieceBytes;
    if (turns != nullptr) turns->give_way();
  }
  marker.shade_all(at, end);
}

std::size_t depth(const Goroutine& g, const void* sp) noexcept {
  if (g.stack.bottom == nullptr) return 0;
  auto bytes = static_cast<std::size_t>(g.stack.bottom + g.stack.size - static_cast<const char*>(sp));
  for (const StackSegment* left = g.segments; left != nullptr; left = left->outer) {
    bytes +=
        static_cast<std::size_t>(left->stack.bottom + left->stack.size - static_cast<const char*>(left->context.sp));
  }
  return bytes;
}

// One that is locked to its thread would have to be given back to that; the runtime's own are never to wait for it.
bool may_be_held_back(const Goroutine& g) noexcept {
  return g.locked_machine == nullptr && !g.is_system.load(relaxed);
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

// More than a piece would take a machine too long.
bool Collector::is_left_to_collector(const Goroutine& g, const void* sp) const noexcept {
  // [gc-held-back] acquire: seeing that it is over, all looks are seen
  return holds_back_.load(acquire) && may_be_held_back(g) && depth(g, sp) > kPieceBytes;
}

// True: serve_held_back() will make it run. From its machine, which has said that it is about to run it.
bool Collector::hold_back(Goroutine& g) noexcept {
  const LockGuard guard(held_back_lock_);
  if (!holds_back_.load(relaxed) || g.scan.load(acquire) == scanned()) return false;  // [gc-scan]
  g.held_back_ns = steady_ns();
  g.next = nullptr;
  *held_back_end_ = &g;
  held_back_end_ = &g.next;
  return true;
}

// Those who wait for the look come first.
void Collector::serve_held_back(Marker& marker, Turns& turns) noexcept {
  Goroutine* g = nullptr;
  {
    const LockGuard guard(held_back_lock_);
    g = std::exchange(held_back_, nullptr);
    held_back_end_ = &held_back_;
  }
  while (g != nullptr) {
    Goroutine* const next = g->next;
    if (claim_scan(*g)) scan(*g, g->context.sp, marker, &turns);
    mutator_of(*current_machine()).interrupted(Interruption::kScan, steady_ns() - g->held_back_ns);
    scheduler()->requeue(g);
    g = next;
  }
}

void Collector::scan(Goroutine& g, const void* sp, Marker& marker, Turns* turns) noexcept {
  scan_body(g, marker);
  tell_leak_finder(g);
  if (g.stack.is_cold && ColdStacks::is_cold(*g.cold)) {
    // What is written there from now on is noted by who writes it, as on any stack that has been looked through.
    const ColdStacks::Words words = ColdStacks::words(*g.cold);
    marker.shade_all(words.begin, words.end);
  } else if (g.stack.bottom != nullptr) {
    // Twice of what a machine leaves to the collector: one that waits for the end of a look has not left it.
    const bool is_in_pieces = turns != nullptr && may_be_held_back(g) && depth(g, sp) > 2 * kPieceBytes;
    Turns* const between = is_in_pieces ? turns : nullptr;
    scan_stack(sp, g.stack, marker, between);
    for (const StackSegment* left = g.segments; left != nullptr; left = left->outer) {
      scan_stack(left->context.sp, left->stack, marker, between);
    }
  }
  if (turns != nullptr) settle(g);
  g.scan.store(scanned(), release);  // [gc-scan]
}

// Of one that has waited for long the stacks are shrunk; at a later look in the same wait, the stack is kept as an
// image. Nobody runs on them until the look is over.
void Collector::settle(Goroutine& g) noexcept {
  const std::int64_t since = g.waiting_since_ns.load(relaxed);
  if (since > settled_since_ns_) return;
  if (g.state.load(acquire) != GoroutineState::kWaiting || g.stack.bottom == nullptr) return;  // [gc-state]
  if (since != g.shrunk_since_ns) return shrink_stacks(g, since);
  if (!compacts_ || g.segments != nullptr) return;
  if (g.stack.is_cold) {
    if (ColdStacks::is_cold(*g.cold)) return ColdStacks::count_settled(*g.cold);
    scheduler()->warm(g);  // somebody has touched it
  }
  g.cold = scheduler()->cold_stacks().compact(g.stack, g.context.sp);
  g.stack.is_cold = g.cold != nullptr;
}

void Collector::shrink_stacks(Goroutine& g, std::int64_t since) noexcept {
  StackClasses& stacks = scheduler()->stacks();
  bool is_done = stacks.shrink(g.stack, g.context.sp, *g.stack_need);
  for (const StackSegment* left = g.segments; left != nullptr; left = left->outer) {
    is_done = stacks.shrink(left->stack, left->context.sp, *g.stack_need) && is_done;
  }
  if (is_done) g.shrunk_since_ns = since;
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
  clear_frames_below();  // ColdStacks::compact() wants memory there
  compacts_ = scheduler()->choices() == nullptr && scheduler()->cold_stacks().begin_pass();
  int looks = 0;
  for_each_unscanned(turns, [&](Goroutine& g, const char* blocking_sp) {
    if (++looks % kLookEvery == 0) {
      serve_held_back(marker, turns);
      turns.give_way();
    }
    if (!claim_scan(g)) return;
    scan(g, blocking_sp != nullptr ? blocking_sp : g.context.sp, marker, &turns);
  });
  serve_held_back(marker, turns);  // the last: whoever is deep has been looked through
  if (compacts_) scheduler()->cold_stacks().end_pass();
  {
    const LockGuard guard(held_back_lock_);
    holds_back_.store(false, release);  // [gc-held-back]
  }
  marked_bytes_.fetch_add(marker.take_marked_bytes(), relaxed);
  marked_objects_.fetch_add(marker.take_marked_objects(), relaxed);
}

}  // namespace novelo::rt
