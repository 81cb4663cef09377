// The search for goroutines that wait for ever: a second look at everything, at the end of marking, by the same
// handshakes. Marking has begun from all that there is; this begins from who is alive. The barrier is on meanwhile, so
// that what moves is seen; whoever waits is looked through before it runs, as while marking, and is alive then.
#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "gc/cycle.h"
#include "gc/leak_finder.h"
#include "gc/program_memory.h"
#include "gc/turns.h"
#include "novelo/leaks.h"
#include "sched/scheduler.h"

namespace novelo::rt {

void Collector::search_leaks(Turns& turns) noexcept {
  std::vector<EndlessWait> found;
  try {
    found = endless_waits(turns);
    std::sort(found.begin(), found.end());
  } catch (const std::bad_alloc&) {
    found.clear();
  }
  {
    const LockGuard guard(leaks_lock_);
    std::erase_if(suspects_, [&](const EndlessWait& one) {
      const auto at = std::lower_bound(found.begin(), found.end(), one);
      return at == found.end() || !(*at == one);
    });
    leaked_.swap(suspects_);
    suspects_.swap(found);
  }
}

std::vector<EndlessWait> Collector::endless_waits(Turns& turns) {
  const auto finder = std::make_unique<LeakFinder>(heap_, scheduler()->stacks());
  if (finder->has_given_up()) return {};
  // What this goroutine has on its stack is about the search alone.
  LeakFinder::in_use.store(finder.get(), release);  // [leak-finder]
  looks_.store(looks_.load(relaxed) + 1, relaxed);
  current_goroutine()->scan.store(scanned(), release);  // [gc-scan]
  shake_hands(Handshake::kFlush, turns);
  roots_.let_outsiders_finish();
  std::vector<EndlessWait> found;
  try {
    consider_goroutines(*finder, turns);
    for (const auto& p : scheduler()->processors()) {
      const TimerHeap::Armed timers = p->timers.armed();  // what those do is still to come
      finder->look(timers.data(), timers.data() + timers.size());
      turns.give_way();
    }
    finder->begin_finding();
    const bool has_memory = look_through_program_memory([&](const void* from, const void* to) {
      finder->look(from, to);
      turns.give_way();
    });
    do {
      look_through_alive(*finder, turns);
      shake_hands(Handshake::kFlush, turns);  // with what the barriers have noted
      static_cast<void>(roots_.publish_noted());
    } while (finder->has_more());
    if (has_memory) found = finder->found();
    for (EndlessWait& one : found) note_accounts(one);
  } catch (const std::bad_alloc&) {
    found.clear();
  }
  LeakFinder::in_use.store(nullptr, relaxed);
  shake_hands(Handshake::kFlush, turns);  // nobody is at it any more
  roots_.let_outsiders_finish();
  return found;
}

// Whose goroutine it is. It does not run meanwhile.
void Collector::note_accounts(EndlessWait& wait) {
  Goroutine& g = *wait.g;
  if (!claim_scan(g)) return;  // it goes on after all
  struct Unclaim {
    ~Unclaim() { goroutine.scan.store(before, release); }  // [gc-scan] not looked through
    Goroutine& goroutine;
    const std::uint64_t before;
  } const unclaim{g, scanned() - 2};
  for (const AccountChain* link = g.accounts; link != nullptr; link = link->outer) {
    wait.accounts.emplace_back(*link->account);
  }
}

void Collector::consider_goroutines(LeakFinder& finder, Turns& turns) {
  constexpr int kLookEvery = 32;
  int looks = 0;
  for_each_unscanned(turns, [&](Goroutine& g, const char* blocking_sp) {
    if (++looks % kLookEvery == 0) turns.give_way();
    if (!claim_scan(g)) return;
    Marker marker(heap_, queue_);
    if (blocking_sp != nullptr) {
      // Its thread is at work below, in frames that hold no collected objects, but maybe channels.
      const auto look = [&finder](const void* from, const void* to) { finder.look(from, to); };
      try {
        look_through_touched(g.stack.bottom, blocking_sp, look);
      } catch (const std::bad_alloc&) {
        finder.give_up();
      }
      scan(g, blocking_sp, marker);
    } else if (finder.consider(g)) {
      g.scan.store(scanned() - 2, release);  // [gc-scan] not looked through
    } else {
      scan(g, g.context.sp, marker);
    }
  });
}

void Collector::look_through_alive(LeakFinder& finder, Turns& turns) noexcept {
  Marker marker(heap_, queue_);
  for (;;) {
    if (Goroutine* g = finder.take_alive()) {
      // One that was woken meanwhile has been looked through before it ran.
      if (claim_scan(*g)) scan(*g, g->context.sp, marker);
    } else if (!finder.trace_some()) {
      return;
    }
    turns.give_way();
  }
}

std::vector<EndlessWait> Collector::find_leaks() {
  for (int searches = 0;; ++searches) {
    wants_leaks_.store(true, release);  // [gc-leaks]
    collect(CollectionCause::kLeaks);
    const LockGuard guard(leaks_lock_);
    if (searches > 0 || suspects_.size() == leaked_.size()) return leaked_;
  }
}

std::size_t Collector::leaked() const noexcept {
  const LockGuard guard(leaks_lock_);
  return static_cast<std::size_t>(std::ranges::count_if(leaked_, [](const EndlessWait& one) { return one.goes_on(); }));
}

}  // namespace novelo::rt

namespace novelo {

bool LeakedGoroutine::is_metered_by(const Meter& meter) const noexcept {
  return std::ranges::find(accounts, meter.account_) != accounts.end();
}

std::vector<LeakedGoroutine> find_leaks() {
  std::vector<rt::EndlessWait> waits = rt::Collector::get().find_leaks();
  std::ranges::sort(waits, {}, &rt::EndlessWait::id);
  std::vector<const rt::Goroutine*> goroutines;
  goroutines.reserve(waits.size());
  for (const rt::EndlessWait& wait : waits) goroutines.push_back(wait.g);
  std::vector<LeakedGoroutine> leaks = rt::require_scheduler().describe(goroutines);
  for (std::size_t i = 0; i < leaks.size(); ++i) leaks[i].accounts = std::move(waits[i].accounts);
  // Without those that were cancelled meanwhile.
  std::size_t i = 0;
  std::erase_if(leaks, [&](const LeakedGoroutine&) { return !waits[i++].goes_on(); });
  return leaks;
}

std::size_t num_leaked() {
  rt::require_scheduler();
  return rt::Collector::get().leaked();
}

}  // namespace novelo
