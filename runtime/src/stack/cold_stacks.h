// runtime/src/stack/cold_stacks.h
// Stacks of goroutines that have waited for long, kept as a few hundred bytes each instead of a page: what stands on
// them is copied to an image, and the page goes back to the system. Whoever touches it meanwhile, the kernel included,
// is held by the kernel until a thread of this has put the page back.
//
//   who        the collector, while it alone is at the goroutine; begin_pass() and end_pass() around that; restore()
//              also by who is about to run the goroutine, on a system stack
//   cost       compact() 5 us, restore() 3 us, a touch from elsewhere 7 us. In a part of the address space where
//              stacks are cold, the first touch of any page costs as much
//   invariants the page is taken away at one instant, under the lock of its part, and put back under it: a write is in
//              the image or comes after the page is back. Who holds that lock touches no page of a stack that has no
//              memory. An image lives until its goroutine runs, or was found awake
//   limit      stacks of dense and medium slots with up to kLiveMax bytes on them, where at least a quarter of the
//              slots around are as settled
//   tested     tests/unit/stack/cold_stacks_test.cc, tests/unit/gc/compact_stack_test.cc, tests/stress/gc_test.cc,
//              tests/model/compaction_test.cc
#pragma once

#include <pthread.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/atomic.h"
#include "base/lock.h"
#include "os/userfault.h"
#include "stack/stack.h"
#include "stack/stack_classes.h"

namespace novelo::rt {

struct ColdStack;

class ColdStacks {
 public:
  explicit ColdStacks(const StackClasses& stacks) noexcept : stacks_(stacks) {}
  ~ColdStacks();  // no goroutine is left
  ColdStacks(const ColdStacks&) = delete;
  ColdStacks& operator=(const ColdStacks&) = delete;

  static constexpr std::size_t kLiveMax = std::size_t{2} << 10;
  static constexpr std::size_t kCompactedMax = std::size_t{1} << 16;  // in a pass: a third of a second of work

  // Whether the system allows it: tried once, when it is first asked.
  static bool is_allowed() noexcept;

  // Around the calls for all goroutines. False: there is no means for it.
  bool begin_pass() noexcept;
  void end_pass() noexcept;

  // Of one that has long waited, with its frames from `sp` up. nullptr: it stays as it is, for now. The caller's own
  // stack has memory for 16 KiB below.
  ColdStack* compact(const Stack& stack, const void* sp) noexcept;
  // Whether nobody has touched it since. What is to be looked through then is its words, not the stack; what anybody
  // has written there before the look began is not missed.
  static bool is_cold(const ColdStack& cold) noexcept;
  struct Words {  // but for zeros
    const std::uint64_t* begin = nullptr;
    const std::uint64_t* end = nullptr;
  };
  static Words words(const ColdStack& cold) noexcept;
  // In this pass it has waited on.
  static void count_settled(const ColdStack& cold) noexcept;

  // Puts back what somebody's touch has not, and ends with `cold`.
  void restore(ColdStack* cold) noexcept;

  std::uint64_t compacted_total() const noexcept { return compacted_.load(relaxed); }
  std::uint64_t touched_total() const noexcept { return touched_.load(relaxed); }  // put back for somebody else
  std::uint64_t cold() const noexcept { return cold_.load(relaxed); }              // now
  std::uint64_t image_bytes() const noexcept { return image_bytes_.load(relaxed); }

 private:
  static constexpr std::size_t kPartBytes = std::size_t{2} << 20;
  static constexpr std::size_t kSettledShare = 4;
  static constexpr std::size_t kScratchPages = 64;

  // Some of the slots of a pool, watched together.
  struct Part {
    Lock<LockRank::kColdStacks> lock;
    std::uint32_t cold NOVELO_GUARDED_BY(lock) = 0;
    bool is_watched NOVELO_GUARDED_BY(lock) = false;
    // By the collector: how many stacks in it have long waited, and how many had at the pass before.
    std::uint32_t settled = 0;
    std::uint32_t settled_before = 0;
  };
  struct Pool {
    char* begin = nullptr;
    std::size_t slot_bytes = 0;
    std::size_t slots = 0;
    Part* parts = nullptr;
    std::size_t parts_made = 0;          // the first of them exist; by the collector
    Atomic<ColdStack*>* cold = nullptr;  // one a slot; written under the lock of its part
    std::size_t slots_in_part() const noexcept { return kPartBytes / slot_bytes; }
    std::size_t slot_of(std::uintptr_t address) const noexcept {
      return (address - reinterpret_cast<std::uintptr_t>(begin)) / slot_bytes;
    }
  };
  friend struct ColdStack;

  bool start() noexcept;
  bool add_pool(const StackPool& from, Pool& pool) noexcept;
  Pool* pool_of(std::uintptr_t address) noexcept;
  Part& part_of(Pool& pool, std::size_t slot) noexcept;
  static char* part_begin(const Pool& pool, const Part& part) noexcept;
  static std::size_t part_bytes(const Pool& pool, const Part& part) noexcept;
  bool watch(const Pool& pool, Part& part) noexcept NOVELO_REQUIRES(part.lock);
  bool take_pages(ColdStack& cold) noexcept;
  void put_back(ColdStack& cold, Part& part) noexcept NOVELO_REQUIRES(part.lock);
  void serve_faults() noexcept;
  void serve_fault(std::uintptr_t page) noexcept;
  void empty_scratch() noexcept;

  const StackClasses& stacks_;
  enum class State { kNotTried, kRuns, kUnavailable } state_ = State::kNotTried;
  Userfault faults_;
  pthread_t server_{};
  std::array<Pool, 2> pools_;
  char* scratch_ = nullptr;
  std::size_t scratch_used_ = 0;
  std::size_t compacted_in_pass_ = 0;
  Atomic<std::uint64_t> compacted_{0};
  Atomic<std::uint64_t> touched_{0};
  Atomic<std::uint64_t> cold_{0};
  Atomic<std::uint64_t> image_bytes_{0};
};

// What stood on one stack. A bit for each word says whether it is another than zero, which about half of them are:
// those follow. runtime/gdb/novelo-gdb.py reads it.
struct ColdStack {
  enum class State : std::uint8_t { kCold, kAwake };

  Atomic<ColdStack*>* slot = nullptr;  // where it is found by an address
  ColdStacks::Part* part = nullptr;
  std::uint64_t* begin = nullptr;  // of what stands on the stack, within the first page
  std::uint16_t words = 0;         // of that
  std::uint16_t room = 0;          // for so many that are not zero
  std::uint16_t kept = 0;          // and as many there are
  std::uint8_t pages = 0;
  Atomic<State> state{State::kCold};  // written under the lock of the part

  static constexpr std::size_t kBits = 64;
  static constexpr std::size_t bitmap_words(std::size_t words) noexcept { return (words + kBits - 1) / kBits; }
  static constexpr std::size_t size(std::size_t words, std::size_t room) noexcept {
    return sizeof(ColdStack) + (bitmap_words(words) + room) * sizeof(std::uint64_t);
  }
  std::size_t size() const noexcept { return size(words, room); }
  std::uint64_t* bitmap() noexcept { return reinterpret_cast<std::uint64_t*>(this + 1); }
  const std::uint64_t* image() const noexcept {
    return reinterpret_cast<const std::uint64_t*>(this + 1) + bitmap_words(words);
  }

  char* first_page() const noexcept {
    return reinterpret_cast<char*>(reinterpret_cast<std::uintptr_t>(begin) / kFaultPageBytes * kFaultPageBytes);
  }
  std::size_t offset() const noexcept {
    return static_cast<std::size_t>(reinterpret_cast<char*>(begin) - first_page()) / sizeof(std::uint64_t);
  }
  // False: there are more now than there is room for.
  bool keep(const std::uint64_t* from) noexcept;
  void write_to(std::uint64_t* to) noexcept;
};

}  // namespace novelo::rt
