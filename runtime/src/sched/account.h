// runtime/src/sched/account.h
// What the goroutines of a tree use, for Meter: time on a processor, time runnable without one, parks, goroutines,
// memory of the collected heap.
// A goroutine outside every meter costs a test of one pointer at each switch; one inside costs two readings of the
// cycle counter, and a third when it is made runnable.
//
//   who        see each function
//   invariants a slice is charged before the goroutine is published, or its scope is told that it is done: who sees
//              that it waits or has ended sees what it used. Goroutine::accounts is what its scope's accounts() is
//   tested     tests/conformance/meter_test.cc, tests/stress/meter_test.cc
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/atomic.h"

namespace novelo::rt {

struct Goroutine;
struct Machine;

enum class Charge : std::uint8_t { kCpuCycles, kRunnableCycles, kParks, kGoroutines, kAllocatedBytes, kCount };

using Charges = std::array<std::uint64_t, static_cast<std::size_t>(Charge::kCount)>;

// Counted. Kept in shards, so that processors do not take a cache line from each other at each switch.
class Account {
 public:
  // With one reference, the caller's.
  static Account* make() { return new Account; }

  void ref() noexcept { references_.fetch_add(1, relaxed); }  // [account-refs] whoever copies holds one already
  void unref() noexcept {
    // [account-refs] acq_rel: the one who destroys sees what the others did
    if (references_.fetch_sub(1, acq_rel) == 1) delete this;
  }

  // `shard` is any number: one a processor, for speed alone.
  void add(std::size_t shard, Charge charge, std::uint64_t amount) noexcept {
    // Published with what the goroutine is published with.
    shards_[shard % kShards][static_cast<std::size_t>(charge)].fetch_add(amount, relaxed);
  }
  Charges sum() const noexcept;

  // ---- the collected heap ----
  // What the goroutines made and the collector has not yet found dead: an estimate, see gc/heap_samples.h. Any thread.
  void hold(std::uint64_t bytes) noexcept { held_bytes_.fetch_add(bytes, relaxed); }
  void let_go(std::uint64_t bytes) noexcept { held_bytes_.fetch_sub(bytes, relaxed); }
  std::uint64_t held_bytes() const noexcept { return held_bytes_.load(relaxed); }
  void set_heap_limit(std::uint64_t bytes) noexcept { heap_limit_.store(bytes, relaxed); }
  std::uint64_t heap_limit() const noexcept { return heap_limit_.load(relaxed); }

 private:
  static constexpr std::size_t kShards = 8;
  struct alignas(kCacheLine) Shard : std::array<Atomic<std::uint64_t>, static_cast<std::size_t>(Charge::kCount)> {};

  Account() = default;
  ~Account() = default;

  std::array<Shard, kShards> shards_{};
  Atomic<std::int64_t> references_{1};
  Atomic<std::uint64_t> held_bytes_{0};
  Atomic<std::uint64_t> heap_limit_{~std::uint64_t{0}};
};

// The accounts that a scope's goroutines are charged to, the innermost first: a scope with one of its own puts it
// before those of its parent.
struct AccountChain {
  Account* account = nullptr;
  const AccountChain* outer = nullptr;

  bool contains(const Account& one) const noexcept {
    for (const AccountChain* link = this; link != nullptr; link = link->outer) {
      if (link->account == &one) return true;
    }
    return false;
  }
};

// To all of them. nullptr: to nobody. From any thread that keeps their scope alive.
void charge(const AccountChain* accounts, Charge what, std::uint64_t amount) noexcept;

// The slice of a metered goroutine begins, and is charged. By its machine; the second also by the goroutine itself
// before it changes accounts, and does nothing when no slice has begun.
void begin_slice(Machine& m, const Goroutine& g) noexcept;
void end_slice(Machine& m, const Goroutine& g) noexcept;

}  // namespace novelo::rt
