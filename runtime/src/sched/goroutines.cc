// Records of goroutines: made in slabs, reused, listed; and the first and last instructions of each goroutine.
#include <cstdio>
#include <exception>
#include <string>

#include "novelo/go.h"
#include "sched/scheduler.h"
#include "sched/scope.h"

namespace novelo::rt {

namespace {

constexpr int kFreeKept = 64;  // records a processor keeps for itself

// After the goroutine's stack was unwound; on its stack.
void report_uncaught(RuntimeOptions& options, const Goroutine& g, const std::exception_ptr& error) noexcept {
  std::string what = "an object that is not a std::exception";
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& e) {
    what = e.what();
  } catch (...) {  // what() stays the default
  }
  if (options.uncaught == UncaughtPolicy::kAbort) {
    const Goroutine::Name name = g.name();
    fatal("goroutine %llu%s%s%s ended by an uncaught exception: %s", static_cast<unsigned long long>(g.id),
          name.text[0] != '\0' ? " (" : "", name.text, name.text[0] != '\0' ? ")" : "", what.c_str());
  }
  if (options.on_uncaught) {
    try {
      options.on_uncaught(g.id, error);
    } catch (...) {
      fatal("on_uncaught threw an exception, for goroutine %llu: %s", static_cast<unsigned long long>(g.id),
            what.c_str());
    }
  } else {
    std::fprintf(stderr, "novelo: goroutine %llu ended by an uncaught exception: %s\n",
                 static_cast<unsigned long long>(g.id), what.c_str());
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
  g.attention.fetch_and(~kAttentionExit, relaxed);
  ++g.shields;  // destructors of what the closure holds are not left by a cancellation
  g.body.reset();
  --g.shields;
  if (error != nullptr) report_uncaught(scheduler()->options(), g, error);
}

}  // namespace

Goroutine* Scheduler::take_record() noexcept {
  {
    PinnedProcessor p;
    if (p && p->free_goroutines != nullptr) {
      Goroutine* g = p->free_goroutines;
      p->free_goroutines = g->next;
      --p->free_count;
      return g;
    }
  }
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

Goroutine* Scheduler::make_goroutine(ScopeCore& scope, Closure body, JoinCore* join) {
  if (alive_.fetch_add(1, relaxed) >= static_cast<std::int64_t>(goroutines_max_)) {
    alive_.fetch_sub(1, relaxed);
    throw RuntimeError("too many goroutines: the limit is " + std::to_string(goroutines_max_));
  }
  Goroutine* g = take_record();
  g->id = next_id_.fetch_add(1, relaxed);
  g->body = std::move(body);
  g->join = join;
  g->is_system = false;
  g->set_name({});
  g->attention.store(0, relaxed);
  scope.ref();
  scope.add();
  g->scope = &scope;
  return g;
}

void Scheduler::start_system(Closure body) noexcept {
  Goroutine* g = take_record();
  g->id = next_id_.fetch_add(1, relaxed);
  g->body = std::move(body);
  g->join = nullptr;
  g->is_system = true;
  g->attention.store(0, relaxed);
  root_->ref();
  root_->add();
  g->scope = root_;
  ready(g);
}

void Scheduler::for_each_goroutine(const std::function<void(const Goroutine&)>& visit) {
  LockGuard guard(goroutines_lock_);
  for (const auto& slab : slabs_) {
    for (const Goroutine& g : slab->records) visit(g);
  }
}

void Scheduler::goroutine_main(void* argument) noexcept {
  auto& g = *static_cast<Goroutine*>(argument);
  context_arrived(g.context);
  run_body(g);
  ScopeCore* scope = g.scope;
  scope->leave(g);
  if (!g.is_system) scheduler()->alive_.fetch_sub(1, relaxed);
  if (g.join != nullptr) {
    g.join->complete();
    g.join->unref();
    g.join = nullptr;
  }
  scope->done();
  scope->unref();
  g.scope = nullptr;
  Machine& m = *current_machine();
  m.reason = SwitchReason::kExit;
  context_switch(g.context, m.scheduler, SwitchFrom::kEnds);
  fatal("goroutine %llu runs on after its end", static_cast<unsigned long long>(g.id));
}

void start_in(ScopeCore& scope, Closure body, JoinCore* join) {
  Scheduler& s = require_scheduler();
  Goroutine* g = nullptr;
  try {
    g = s.make_goroutine(scope, std::move(body), join);
  } catch (...) {
    if (join != nullptr) join->unref();
    throw;
  }
  if (join != nullptr) join->set_id(g->id);
  s.ready(g);
}

void start(Closure body) {
  Goroutine* g = current_goroutine();
  if (g == nullptr) throw RuntimeError("go() called outside a goroutine: use Runtime::post() from other threads");
  start_in(*g->scope, std::move(body));
}

}  // namespace novelo::rt
