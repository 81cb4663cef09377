// The samples of the collected heap: a list for what the collector finds dead, and a table for what is freed by hand.
#include "gc/heap_samples.h"

#include <cmath>
#include <new>

namespace novelo::rt {

std::int64_t SamplePoints::distance() noexcept {
  const double uniform = (static_cast<double>(random_.next()) + 1) / 4294967297.0;  // above 0, below 1
  return static_cast<std::int64_t>(-std::log(uniform) * static_cast<double>(kSampleInterval)) + 1;
}

HeapSamples::~HeapSamples() {
  const LockGuard guard(lock_);
  for (const Sample& sample : samples_) release(sample);
  for (const auto& [memory, sample] : traced_) release(sample);
}

void HeapSamples::release(const Sample& sample) noexcept {
  sample.account->let_go(sample.bytes);
  sample.account->unref();
}

void HeapSamples::add(const AccountChain& accounts, const void* object, std::uint64_t bytes) noexcept {
  const LockGuard guard(lock_);
  for (const AccountChain* link = &accounts; link != nullptr; link = link->outer) {
    try {
      samples_.push_back({static_cast<const char*>(object), link->account, bytes});
    } catch (const std::bad_alloc&) {
      return;
    }
    link->account->ref();
    link->account->hold(bytes);
  }
}

void HeapSamples::add_traced(const AccountChain& accounts, void* memory, std::uint64_t bytes) noexcept {
  if (!heap_.contains(reinterpret_cast<std::uintptr_t>(memory))) return;
  const LockGuard guard(lock_);
  for (const AccountChain* link = &accounts; link != nullptr; link = link->outer) {
    try {
      traced_.insert({memory, Sample{static_cast<const char*>(memory), link->account, bytes}});
    } catch (const std::bad_alloc&) {
      return;
    }
    link->account->ref();
    link->account->hold(bytes);
    has_traced_.store(true, relaxed);
    static_cast<void>(heap_.mark(static_cast<const char*>(memory)));
  }
}

void HeapSamples::forget_sampled(const void* memory) noexcept {
  const LockGuard guard(lock_);
  heap_.unmark(static_cast<const char*>(memory));
  const auto [first, last] = traced_.equal_range(memory);
  for (auto it = first; it != last; ++it) release(it->second);
  traced_.erase(first, last);
}

// From the last to the first, each that goes replaced by the last: those that come meanwhile are behind, and marked.
void HeapSamples::drop_unmarked(absl::FunctionRef<void()> pause) noexcept {
  constexpr std::size_t kAtOnce = 256;
  std::size_t i = 0;
  {
    const LockGuard guard(lock_);
    i = samples_.size();
  }
  while (i > 0) {
    {
      const LockGuard guard(lock_);
      for (std::size_t n = 0; n < kAtOnce && i > 0; ++n) {
        Sample& sample = samples_[--i];
        if (heap_.is_marked(sample.object)) continue;
        release(sample);
        sample = samples_.back();
        samples_.pop_back();
      }
    }
    pause();
  }
}

}  // namespace novelo::rt
