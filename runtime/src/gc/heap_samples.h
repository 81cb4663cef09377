// runtime/src/gc/heap_samples.h
// What metered goroutines hold of the collected heap, estimated from a sample: about one object in 64 KiB that they
// allocate is remembered, and stands for as much until the collector finds it dead. Larger objects are all remembered,
// and stand for themselves.
//
//   who        add(): the goroutine that allocates; drop_unmarked(): the collector; forget(): whoever frees by hand
//   cost       a lock and 40 bytes a sample; nothing where nobody is metered
//   invariants an account holds the sum of its samples. Whose address is remembered may be dead already, since its
//              memory is not used again before drop_unmarked() was here
//   tested     tests/unit/gc/heap_samples_test.cc, tests/conformance/meter_heap_test.cc,
//   tests/stress/meter_heap_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "base/atomic.h"
#include "base/lock.h"
#include "base/random.h"
#include "heap/collected_heap.h"
#include "heap/kept_object.h"
#include "sched/account.h"

namespace novelo::rt {

inline constexpr std::uint64_t kSampleInterval = std::uint64_t{64} << 10;

// Where the samples of one machine fall: at random distances, so that no pattern of what a program allocates is in step
// with them. Its machine's alone.
class SamplePoints {
 public:
  explicit SamplePoints(std::uint64_t seed) noexcept : random_(seed), left_(distance()) {}

  // What a sample in the next `bytes` is to stand for; 0: there is none.
  std::uint64_t take(std::uint64_t bytes) noexcept {
    if (bytes >= kSampleInterval) return bytes;
    std::uint64_t points = 0;
    for (left_ -= static_cast<std::int64_t>(bytes); left_ <= 0; left_ += distance()) ++points;
    return points * kSampleInterval;
  }
  std::uint32_t below(std::uint32_t bound) noexcept { return random_.below(bound); }

 private:
  std::int64_t distance() noexcept;

  Random random_;
  std::int64_t left_;
};

class HeapSamples {
 public:
  explicit HeapSamples(CollectedHeap& heap) noexcept : heap_(heap) {}
  ~HeapSamples();
  HeapSamples(const HeapSamples&) = delete;
  HeapSamples& operator=(const HeapSamples&) = delete;

  // `object` stands for `bytes` of the accounts. Without memory for it, nothing is counted.
  void add(const AccountChain& accounts, const void* object, std::uint64_t bytes) noexcept;
  // Of memory that is freed by hand.
  void add_traced(const AccountChain& accounts, void* memory, std::uint64_t bytes) noexcept;
  void forget_traced(const void* memory) noexcept {
    if (has_traced_.load(relaxed) && heap_.contains(reinterpret_cast<std::uintptr_t>(memory)) &&
        heap_.is_marked(static_cast<const char*>(memory))) {
      forget_sampled(memory);
    }
  }

  // Once marking is complete, before anything is swept. Calls `pause` now and then.
  void drop_unmarked(absl::FunctionRef<void()> pause) noexcept;

 private:
  struct Sample {
    const char* object;
    Account* account;  // with a reference
    std::uint64_t bytes;
  };
  static void release(const Sample& sample) noexcept;
  void forget_sampled(const void* memory) noexcept;

  CollectedHeap& heap_;
  // Memory that is freed by hand has no use for its mark: it tells that there is a sample.
  Atomic<bool> has_traced_{false};
  Lock<LockRank::kHeapSamples> lock_;
  std::vector<Sample, KeptAllocator<Sample>> samples_ NOVELO_GUARDED_BY(lock_);
  std::unordered_multimap<const void*, Sample, std::hash<const void*>, std::equal_to<>,
                          KeptAllocator<std::pair<const void* const, Sample>>>
      traced_ NOVELO_GUARDED_BY(lock_);
};

}  // namespace novelo::rt
