// runtime/src/sched/processor_table.h
// All processors there ever were, retired ones included: a table that grows while others read it and never shrinks.
//
//   who        add(): one thread at a time; the rest: anybody
//   cost       one load to read the size
//   tested     tests/conformance/procs_test.cc
#pragma once

#include <array>
#include <cstddef>
#include <memory>

#include "base/atomic.h"
#include "base/check.h"
#include "sched/processor.h"

namespace novelo::rt {

class ProcessorTable {
 public:
  static constexpr std::size_t kMax = 1024;

  std::size_t size() const noexcept { return size_.load(acquire); }  // [processor-table] with add()
  Processor& operator[](std::size_t i) const noexcept { return *all_[i]; }
  const std::unique_ptr<Processor>* begin() const noexcept { return all_.data(); }
  const std::unique_ptr<Processor>* end() const noexcept { return all_.data() + size(); }

  Processor& add() {
    const std::size_t i = size_.load(relaxed);
    NOVELO_CHECK(i < kMax);
    all_[i] = std::make_unique<Processor>(static_cast<int>(i));
    size_.store(i + 1, release);  // [processor-table] who sees the size sees the processor
    return *all_[i];
  }

 private:
  std::array<std::unique_ptr<Processor>, kMax> all_;
  Atomic<std::size_t> size_{0};
};

}  // namespace novelo::rt
