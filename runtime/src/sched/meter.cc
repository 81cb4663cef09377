// Meters, on scopes with an account of their own.
#include "novelo/meter.h"

#include "novelo/error.h"
#include "os/cycle_clock.h"
#include "sched/account.h"
#include "sched/scheduler.h"
#include "sched/scope.h"

namespace novelo {
namespace rt {
namespace {

// From one scope, and its accounts, to another.
void change_scope(ScopeCore& from, ScopeCore& to) noexcept {
  Goroutine& g = *current_goroutine();
  from.leave(g);
  const PinnedProcessor pinned;
  if (g.accounts != nullptr) end_slice(*pinned.machine(), g);
  g.scope = &to;
  g.accounts = to.accounts();
  if (g.accounts != nullptr) begin_slice(*pinned.machine(), g);
}

}  // namespace

AccountHandle::AccountHandle() : account_(Account::make()) {
  cycle_clock_start();
}

AccountHandle::AccountHandle(Account& shared) noexcept : account_(&shared) {
  account_->ref();
}

AccountHandle::AccountHandle(const AccountHandle& other) noexcept : account_(other.account_) {
  account_->ref();
}

AccountHandle::~AccountHandle() {
  account_->unref();
}

MeterSection::MeterSection(Account& account) {
  Goroutine* g = current_goroutine();
  if (g == nullptr) throw RuntimeError("Meter::run() called outside a goroutine");
  outer_ = g->scope;
  scope_ = ScopeCore::make(outer_, ScopeCore::Hold::kParent, &account);
  change_scope(*outer_, *scope_);
}

MeterSection::~MeterSection() {
  change_scope(*scope_, *outer_);
  scope_->unref();
}

}  // namespace rt

Usage Meter::usage() const {
  const rt::Charges sum = (*account_).sum();
  const auto of = [&sum](rt::Charge what) { return sum[static_cast<std::size_t>(what)]; };
  rt::Scheduler* scheduler = rt::scheduler();
  const std::uint64_t running = scheduler == nullptr ? 0 : scheduler->running_cycles(*account_);
  return {.cpu_time = rt::cycles_to_duration(of(rt::Charge::kCpuCycles) + running),
          .runnable_time = rt::cycles_to_duration(of(rt::Charge::kRunnableCycles)),
          .parks = of(rt::Charge::kParks),
          .goroutines = of(rt::Charge::kGoroutines),
          .allocated_bytes = of(rt::Charge::kAllocatedBytes),
          .heap_bytes = (*account_).held_bytes()};
}

void Meter::limit_heap(std::uint64_t bytes) {
  (*account_).set_heap_limit(bytes);
}

}  // namespace novelo
