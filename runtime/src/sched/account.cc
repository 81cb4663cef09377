// Charging: what a machine does at both ends of a metered goroutine's slice.
#include "sched/account.h"

#include "os/cycle_clock.h"
#include "sched/goroutine.h"
#include "sched/machine.h"
#include "sched/processor.h"

namespace novelo::rt {

Charges Account::sum() const noexcept {
  Charges sum{};
  for (const Shard& shard : shards_) {
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += shard[i].load(relaxed);
  }
  return sum;
}

void charge(const AccountChain* accounts, Charge what, std::uint64_t amount) noexcept {
  const Machine* m = current_machine();
  const std::size_t shard = m == nullptr ? 0 : static_cast<std::size_t>(m->index);
  for (; accounts != nullptr; accounts = accounts->outer) accounts->account->add(shard, what, amount);
}

void begin_slice(Machine& m, const Goroutine& g) noexcept {
  m.slice_account.store(g.accounts->account, relaxed);
  m.slice_began.store(cycles_now(), relaxed);
}

void end_slice(Machine& m, const Goroutine& g) noexcept {
  const std::uint64_t began = m.slice_began.load(relaxed);
  if (began == 0) return;
  m.slice_began.store(0, relaxed);
  m.slice_account.store(nullptr, relaxed);
  const std::uint64_t now = cycles_now();
  if (now > began) charge(g.accounts, Charge::kCpuCycles, now - began);
}

}  // namespace novelo::rt
