// Records of goroutines: made in slabs, reused, listed; and the first and last instructions of each goroutine.
#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>

#include "novelo/go.h"
#include "sched/locals.h"
#include "sched/scheduler.h"
#include "sched/scope.h"

namespace novelo::rt {

namespace {

constexpr int kFreeKept = 64;  // records a processor keeps for itself
constexpr std::uint32_t kIdsAtOnce = 16;
constexpr std::int32_t kPlacesAtOnce = 16;

// By the holder of the processor that `counter` belongs to.
void count_one(Atomic<std::uint64_t>& counter) noexcept {
  counter.store(counter.load(relaxed) + 1, release);  // [started-ended] with num_goroutines()
}

// After the goroutine's stack was unwound; on its stack.
void report_uncaught(RuntimeOptions& options, const Goroutine& g, const std::exception_ptr& error) noexcept {
  const std::string what = describe_exception(error);
  if (options.uncaught == UncaughtPolicy::kAbort) {
    const Goroutine::Name name = g.name();
    fatal("goroutine %llu%s%s%s ended by an uncaught exception: %s",
          static_cast<unsigned long long>(g.id.load(relaxed)), name.text[0] != '\0' ? " (" : "", name.text,
          name.text[0] != '\0' ? ")" : "", what.c_str());
  }
  if (options.on_uncaught) {
    try {
      options.on_uncaught(g.id.load(relaxed), error);
    } catch (...) {
      fatal("on_uncaught threw an exception, for goroutine %llu: %s",
            static_cast<unsigned long long>(g.id.load(relaxed)), what.c_str());
    }
  } else {
    std::fprintf(stderr, "novelo: goroutine %llu ended by an uncaught exception: %s\n",
                 static_cast<unsigned long long>(g.id.load(relaxed)), what.c_str());
  }
}

// A function of its own, so that nothing of it is left on the stack when the goroutine ends.
[[gnu::noinline]] void run_body(Goroutine& g) noexcept {
  std::exception_ptr error;
  try {
    g.body();
  } catch (const GoExit&) {
  } catch (const Cancelled&) {
  } catch (...) {
    error = std::current_exception();
  }
  if ((g.attention.load(relaxed) & kAttentionExit) != 0) g.attention.fetch_and(~kAttentionExit, relaxed);
  ++g.no_throws;  // destructors of what the closure holds are not left by a cancellation
  g.body.reset();
  drop_locals(std::exchange(g.locals, nullptr));
  --g.no_throws;
  if (error != nullptr) report_uncaught(scheduler()->options(), g, error);
}

}  // namespace

// Processors take numbers by the dozen, so that they do not meet at one counter.
std::uint64_t Scheduler::take_id(Processor& p) noexcept {
  std::uint32_t left = p.ids_left.load(relaxed);
  if (left == 0) {
    p.next_id = next_id_.fetch_add(kIdsAtOnce, relaxed);
    left = kIdsAtOnce;
  }
  p.ids_left.store(left - 1, relaxed);
  return p.next_id++;
}

std::uint64_t Scheduler::goroutines_created() const noexcept {
  std::uint64_t created = next_id_.load(relaxed) - 1;
  for (const auto& p : processors_) created -= p->ids_left.load(relaxed);
  return created;
}

Goroutine* Scheduler::take_record() noexcept {
  Goroutine* g = nullptr;
  std::uint64_t id = 0;
  {
    PinnedProcessor p;
    id = p ? take_id(*p.get()) : next_id_.fetch_add(1, relaxed);
    if (p && p->free_goroutines != nullptr) {
      g = p->free_goroutines;
      p->free_goroutines = g->next;
      --p->free_count;
    }
  }
  if (g == nullptr) g = take_shared_record();
  g->id.store(id, relaxed);
  g->scan.store(0, relaxed);
  return g;
}

Goroutine* Scheduler::take_shared_record() noexcept {
  LockGuard guard(goroutines_lock_);
  if (free_goroutines_ == nullptr) {
    slabs_.push_back(std::make_unique<Slab>());
    for (Goroutine& g : slabs_.back()->records) {
      g.next = free_goroutines_;
      free_goroutines_ = &g;
    }
  }
  Goroutine* g = free_goroutines_;
  free_goroutines_ = g->next;
  return g;
}

void Scheduler::keep_record(Processor* p, Goroutine* g) noexcept {
  if (p != nullptr && p->free_count < kFreeKept) {
    g->next = p->free_goroutines;
    p->free_goroutines = g;
    ++p->free_count;
    return;
  }
  LockGuard guard(goroutines_lock_);
  g->next = free_goroutines_;
  free_goroutines_ = g;
}

// As many of `wanted` as the limit leaves.
std::int64_t Scheduler::take_shared_places(std::int64_t wanted) noexcept {
  const auto max = static_cast<std::int64_t>(goroutines_max_);
  std::int64_t taken = places_taken_.load(relaxed);
  std::int64_t got = 0;
  do {
    got = std::min(wanted, max - taken);
    if (got <= 0) return 0;
  } while (!places_taken_.compare_exchange_weak(taken, taken + got, relaxed, relaxed));
  return got;
}

// Processors take and return places by the dozen, so that they do not meet at one counter. The limit is exact all the
// same: who finds none left takes what others keep.
bool Scheduler::take_place() noexcept {
  PinnedProcessor p;
  if (p) {
    std::int32_t kept = p->places.load(relaxed);
    while (kept > 0) {
      if (p->places.compare_exchange_weak(kept, kept - 1, relaxed, relaxed)) {
        count_one(p->started);
        return true;
      }
    }
  }
  std::int64_t got = take_shared_places(p ? kPlacesAtOnce : 1);
  if (got == 0) {
    for (const auto& other : processors_) got += other->places.exchange(0, relaxed);
    if (got == 0) return false;
  }
  if (p) {
    p->places.fetch_add(static_cast<std::int32_t>(got - 1), relaxed);
    count_one(p->started);
  } else {
    places_taken_.fetch_sub(got - 1, relaxed);
    started_.fetch_add(1, release);  // [started-ended] as count_one()
  }
  return true;
}

void Scheduler::give_place() noexcept {
  PinnedProcessor p;
  if (!p) {
    ended_.fetch_add(1, release);  // [started-ended] as count_one()
    places_taken_.fetch_sub(1, relaxed);
    return;
  }
  count_one(p->ended);
  std::int32_t kept = p->places.fetch_add(1, relaxed) + 1;
  if (kept < 2 * kPlacesAtOnce) return;
  if (p->places.compare_exchange_strong(kept, kept - kPlacesAtOnce, relaxed, relaxed)) {
    places_taken_.fetch_sub(kPlacesAtOnce, relaxed);
  }
}

// The ends are read before the starts, so that whose end is counted has its start counted too, wherever it ran: those
// that start meanwhile come on top, and none is missed.
std::size_t Scheduler::num_goroutines() const noexcept {
  // [started-ended] acquire, with count_one(): who sees an end sees the start before it, and all that ran between
  std::uint64_t ended = ended_.load(acquire);
  for (const auto& p : processors_) ended += p->ended.load(acquire);
  std::uint64_t started = started_.load(acquire);
  for (const auto& p : processors_) started += p->started.load(acquire);
  return started - ended;
}

Goroutine* Scheduler::make_goroutine(ScopeCore& scope, Closure&& body, JoinCore* join, const void* created_at) {
  if (!take_place()) {
    throw RuntimeError("too many goroutines: the limit is " + std::to_string(goroutines_max_) +
                       (limited_by_guards_ ? ", since this kernel guards a stack with two of the mappings that "
                                             "vm.max_map_count allows: raise that"
                                           : ""));
  }
  return new_goroutine(scope, std::move(body), join, created_at);
}

Goroutine* Scheduler::new_goroutine(ScopeCore& scope, Closure&& body, JoinCore* join, const void* created_at) noexcept {
  Goroutine* g = take_record();
  const Goroutine* creator = current_goroutine();
  if (creator != nullptr) g->locals = share_locals(creator->locals);
  g->priority.store(creator == nullptr ? Priority::kNormal : creator->priority.load(relaxed), relaxed);
  g->creator_id.store(creator == nullptr ? 0 : creator->id.load(relaxed), relaxed);
  g->created_at.store(created_at, relaxed);
  g->entry.store(body.entry(), relaxed);
  g->creator_entry.store(creator == nullptr ? nullptr : creator->entry.load(relaxed), relaxed);
  g->body = std::move(body);
  g->join = join;
  g->is_system.store(false, relaxed);
  g->set_name({});
  g->attention.store(choices_ == nullptr ? 0 : kAttentionChoose, relaxed);
  scope.add();
  g->scope = &scope;
  g->accounts = scope.accounts();
  if (g->accounts != nullptr) charge(g->accounts, Charge::kGoroutines, 1);
  return g;
}

Scheduler::Started Scheduler::start_outermost(Closure& body, const std::type_info* entry) noexcept {
  if (!root_->try_add()) return Started::kEnding;
  Started started = Started::kFull;
  if (take_place()) {
    Goroutine* g = new_goroutine(*root_, std::move(body), nullptr, nullptr);
    g->entry.store(entry, relaxed);
    ready(g);
    started = Started::kYes;
  }
  root_->done();
  return started;
}

bool Scheduler::start_system(Closure&& body) noexcept {
  if (!root_->try_add()) return false;
  Goroutine* g = take_record();
  g->body = std::move(body);
  g->join = nullptr;
  g->is_system.store(true, relaxed);
  g->priority.store(has_priorities() ? Priority::kLatency : Priority::kNormal, relaxed);
  g->attention.store(choices_ == nullptr ? 0 : kAttentionChoose, relaxed);
  g->scope = root_;
  ready(g);
  return true;
}

bool Scheduler::is_in_record(const void* address) noexcept {
  const LockGuard guard(goroutines_lock_);
  return std::any_of(slabs_.begin(), slabs_.end(), [address](const std::unique_ptr<Slab>& slab) {
    return address >= slab.get() && address < slab.get() + 1;
  });
}

void Scheduler::for_each_goroutine(absl::FunctionRef<void(const Goroutine&)> visit) {
  std::vector<const Slab*> slabs;
  {
    LockGuard guard(goroutines_lock_);
    for (const auto& slab : slabs_) slabs.push_back(slab.get());
  }
  for (const Slab* slab : slabs) {
    for (const Goroutine& g : slab->records) visit(g);
  }
}

void Scheduler::goroutine_main(void* argument) noexcept {
  auto& g = *static_cast<Goroutine*>(argument);
  context_arrived(g.context);
  run_body(g);
  ScopeCore* scope = g.scope;
  scope->leave(g);
  if (g.accounts != nullptr) {
    const PinnedProcessor pinned;
    end_slice(*pinned.machine(), g);
    g.accounts = nullptr;
  }
  if (!g.is_system.load(relaxed)) scheduler()->give_place();
  if (g.join != nullptr) {
    g.join->complete();
    g.join->unref();
    g.join = nullptr;
  }
  scope->done();
  g.scope = nullptr;
  g.thread_locks = 0;
  g.locked_machine = nullptr;
  Machine& m = *current_machine();
  m.reason = SwitchReason::kExit;
  context_switch(g.context, m.scheduler, SwitchFrom::kEnds);
  fatal("goroutine %llu runs on after its end", static_cast<unsigned long long>(g.id.load(relaxed)));
}

void start_in(ScopeCore& scope, Closure&& body, JoinCore* join, const void* created_at) {
  Scheduler& s = require_scheduler();
  Goroutine* g = nullptr;
  try {
    overflow_point();
    g = s.make_goroutine(scope, std::move(body), join,
                         created_at != nullptr ? created_at : __builtin_return_address(0));
  } catch (...) {
    if (join != nullptr) join->unref();
    throw;
  }
  if (join != nullptr) join->set_id(g->id.load(relaxed));
  s.ready(g);
  choice_point();
}

void start(Closure&& body) {
  Goroutine* g = current_goroutine();
  if (g == nullptr) throw RuntimeError("go() called outside a goroutine: use Runtime::post() from other threads");
  start_in(*g->scope, std::move(body), nullptr, __builtin_return_address(0));
}

}  // namespace novelo::rt
