// The queues of one bucket are a list of their first waiters; each of those holds the ones behind it, and passes them
// on when it leaves. So very many waiters for one object cost the others that share its bucket nothing. Rejected: one
// list for all, which every unlock would walk.
#include "sync/wait_table.h"

#include <array>
#include <cstdint>

#include "os/vm.h"

namespace novelo::rt {

namespace {
constexpr std::size_t kBuckets = 251;  // a prime: objects at regular distances spread
struct alignas(kCacheLine) PaddedBucket : WaitBucket {};
constinit std::array<PaddedBucket, kBuckets> g_buckets;
// Who waits is not found here by who asks what refers to it.
const VmSetApart g_apart(&g_buckets, sizeof g_buckets);
}  // namespace

WaitBucket& WaitBucket::of(const void* address) noexcept {
  return g_buckets[reinterpret_cast<std::uintptr_t>(address) / alignof(std::uint32_t) % kBuckets];
}

TableWaiter* WaitBucket::first(const void* address) const noexcept {
  TableWaiter* waiter = queues_.front();
  while (waiter != nullptr && waiter->address != address) waiter = queues_.next(*waiter);
  return waiter;
}

void WaitBucket::push_back(TableWaiter& waiter) noexcept {
  if (TableWaiter* before = first(waiter.address)) {
    before->behind.push_back(waiter);
  } else {
    waiter.is_first = true;
    queues_.push_back(waiter);
  }
}

void WaitBucket::push_front(TableWaiter& waiter) noexcept {
  if (TableWaiter* displaced = first(waiter.address)) {
    displaced->unlink();
    displaced->is_first = false;
    waiter.behind.take(displaced->behind);
    waiter.behind.push_front(*displaced);
  }
  waiter.is_first = true;
  queues_.push_back(waiter);
}

void WaitBucket::remove(TableWaiter& waiter) noexcept {
  if (!waiter.is_linked()) return;
  waiter.unlink();
  if (!waiter.is_first) return;
  waiter.is_first = false;
  if (TableWaiter* next = waiter.behind.pop_front()) {
    next->behind.take(waiter.behind);
    next->is_first = true;
    queues_.push_back(*next);
  }
}

TableWaiter* WaitBucket::pop(const void* address) noexcept {
  TableWaiter* waiter = first(address);
  if (waiter != nullptr) remove(*waiter);
  return waiter;
}

TableWaiter* WaitBucket::pop_winner(const void* address) noexcept {
  while (TableWaiter* waiter = pop(address)) {
    if (waiter->record->try_win(waiter->ticket, WakeCause::kEvent)) return waiter;
  }
  return nullptr;
}

std::int64_t WaitBucket::pop_all(const void* address, WakeList& won) noexcept {
  std::int64_t count = 0;
  for (; TableWaiter* waiter = pop_winner(address); ++count) won.add(*waiter);
  return count;
}

}  // namespace novelo::rt
