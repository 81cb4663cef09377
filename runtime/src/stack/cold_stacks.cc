// Rejected: watching all stacks from the start. The first touch of each page would then be held until the server has
// seen to it, 7 us instead of 0.7.
#include "stack/cold_stacks.h"

#include <signal.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>

#include "heap/heap.h"
#include "os/vm.h"

namespace novelo::rt {
namespace {

constexpr std::size_t kPageBytes = kFaultPageBytes;
constexpr std::size_t kPagesMax = 2;

std::uintptr_t page_down(const void* address) noexcept {
  return reinterpret_cast<std::uintptr_t>(address) / kPageBytes * kPageBytes;
}

template <class T>
T* table_of(std::size_t entries) noexcept {
  void* memory = vm_reserve(entries * sizeof(T));
  if (memory == nullptr) return nullptr;
  if (vm_make_usable(memory, entries * sizeof(T))) return static_cast<T*>(memory);
  vm_release(memory, entries * sizeof(T));
  return nullptr;
}

}  // namespace

bool ColdStack::keep(const std::uint64_t* from) noexcept {
  std::uint64_t* const bits = bitmap();
  std::uint64_t* const image = bits + bitmap_words(words);
  std::fill_n(bits, bitmap_words(words), 0);
  for (std::size_t i = 0; i < words; ++i) {
    if (from[i] == 0) continue;
    if (kept == room) return false;
    bits[i / kBits] |= std::uint64_t{1} << i % kBits;
    image[kept++] = from[i];
  }
  return true;
}

void ColdStack::write_to(std::uint64_t* to) noexcept {
  const std::uint64_t* const bits = bitmap();
  const std::uint64_t* next = image();
  for (std::size_t i = 0; i < words; ++i) to[i] = (bits[i / kBits] >> i % kBits & 1) != 0 ? *next++ : 0;
}

bool ColdStacks::is_allowed() noexcept {
#if defined(NOVELO_ASAN) || defined(NOVELO_TSAN)
  return false;  // they keep books about each byte of a stack
#else
  static const bool is_allowed = [] {
    Userfault faults;
    return faults.open();
  }();
  return is_allowed;
#endif
}

ColdStacks::~ColdStacks() {
  if (state_ == State::kRuns) {
    faults_.stop();
    pthread_join(server_, nullptr);
  }
  if (scratch_ != nullptr) vm_release(scratch_, kScratchPages * kPageBytes);
  for (Pool& pool : pools_) {
    if (pool.parts != nullptr) vm_release(pool.parts, (pool.slots / pool.slots_in_part() + 1) * sizeof(Part));
    if (pool.cold != nullptr) vm_release(pool.cold, pool.slots * sizeof(Atomic<ColdStack*>));
  }
}

bool ColdStacks::add_pool(const StackPool& from, Pool& pool) noexcept {
  if (from.slots_max() == 0) return true;
  pool.slot_bytes = stack_slot_bytes(from.kind());
  pool.cold = table_of<Atomic<ColdStack*>>(from.slots_max());
  pool.parts = table_of<Part>(from.slots_max() / pool.slots_in_part() + 1);
  pool.slots = from.slots_max();
  pool.begin = const_cast<char*>(from.begin());
  return pool.cold != nullptr && pool.parts != nullptr;
}

// Without it everything stays as it is.
bool ColdStacks::start() noexcept {
  state_ = State::kUnavailable;
  if (!is_allowed() || !faults_.open()) return false;
  const auto& from = stacks_.pools();
  if (!add_pool(from[static_cast<std::size_t>(StackClass::kDense)], pools_[0])) return false;
  if (!add_pool(from[static_cast<std::size_t>(StackClass::kMedium)], pools_[1])) return false;
  scratch_ = table_of<char>(kScratchPages * kPageBytes);
  if (scratch_ == nullptr || !faults_.watch(scratch_, kScratchPages * kPageBytes)) return false;
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const int error = pthread_create(
      &server_, nullptr,
      [](void* self) -> void* {
        pthread_setname_np(pthread_self(), "novelo-stacks");
        static_cast<ColdStacks*>(self)->serve_faults();
        return nullptr;
      },
      this);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (error != 0) return false;
  state_ = State::kRuns;
  return true;
}

ColdStacks::Pool* ColdStacks::pool_of(std::uintptr_t address) noexcept {
  for (Pool& pool : pools_) {
    const auto begin = reinterpret_cast<std::uintptr_t>(pool.begin);
    if (pool.begin != nullptr && address >= begin && address - begin < pool.slots * pool.slot_bytes) return &pool;
  }
  return nullptr;
}

ColdStacks::Part& ColdStacks::part_of(Pool& pool, std::size_t slot) noexcept {
  const std::size_t index = slot / pool.slots_in_part();
  for (; pool.parts_made <= index; ++pool.parts_made) std::construct_at(pool.parts + pool.parts_made);
  return pool.parts[index];
}

char* ColdStacks::part_begin(const Pool& pool, const Part& part) noexcept {
  return pool.begin + static_cast<std::size_t>(&part - pool.parts) * kPartBytes;
}

std::size_t ColdStacks::part_bytes(const Pool& pool, const Part& part) noexcept {
  const char* const end = pool.begin + pool.slots * pool.slot_bytes;
  return std::min(kPartBytes, static_cast<std::size_t>(end - part_begin(pool, part)));
}

// ---- by the collector ----

bool ColdStacks::begin_pass() noexcept {
  compacted_in_pass_ = 0;
  return state_ != State::kUnavailable;
}

void ColdStacks::end_pass() noexcept {
  if (state_ != State::kRuns) return;
  empty_scratch();
  for (Pool& pool : pools_) {
    for (std::size_t i = 0; i < pool.parts_made; ++i) {
      Part& part = pool.parts[i];
      part.settled_before = std::exchange(part.settled, 0);
      if (part.settled_before >= pool.slots_in_part() / kSettledShare) continue;
      const LockGuard guard(part.lock);
      if (!part.is_watched || part.cold > 0) continue;
      faults_.unwatch(part_begin(pool, part), part_bytes(pool, part));
      part.is_watched = false;
    }
  }
}

void ColdStacks::empty_scratch() noexcept {
  if (std::exchange(scratch_used_, 0) > 0) vm_discard(scratch_, kScratchPages * kPageBytes);
}

ColdStack* ColdStacks::compact(const Stack& stack, const void* sp) noexcept {
  if (state_ == State::kNotTried) start();
  if (state_ != State::kRuns) return nullptr;
  const auto top = reinterpret_cast<std::uintptr_t>(stack.bottom + stack.size);
  const auto address = reinterpret_cast<std::uintptr_t>(sp) & ~(sizeof(std::uint64_t) - 1);
  const std::size_t bytes = top - address - stack.colour();
  Pool* const pool = pool_of(top - 1);
  if (pool == nullptr || bytes > kLiveMax || stack.is_reserve_open) return nullptr;
  const std::size_t slot = pool->slot_of(top - 1);
  Part& part = part_of(*pool, slot);
  ++part.settled;
  if (part.settled_before < pool->slots_in_part() / kSettledShare || compacted_in_pass_ == kCompactedMax) {
    return nullptr;
  }
  auto* const begin = reinterpret_cast<std::uint64_t*>(address);
  const std::size_t words = bytes / sizeof(std::uint64_t);
  const std::size_t room = words - static_cast<std::size_t>(std::count(begin, begin + words, 0U));
  void* const memory = Heap::get().allocate(ColdStack::size(words, room), nullptr);
  if (memory == nullptr) return nullptr;
  auto& cold = *new (memory) ColdStack{.slot = &pool->cold[slot],
                                       .part = &part,
                                       .begin = begin,
                                       .words = static_cast<std::uint16_t>(words),
                                       .room = static_cast<std::uint16_t>(room),
                                       .pages = static_cast<std::uint8_t>((top - page_down(sp)) / kPageBytes)};
  if (scratch_used_ + kPagesMax > kScratchPages) empty_scratch();
  bool is_taken = false;
  {
    const LockGuard guard(part.lock);
    is_taken = (part.is_watched || watch(*pool, part)) && take_pages(cold);
    if (is_taken) {
      cold.slot->store(&cold, relaxed);
      ++part.cold;
      cold_.fetch_add(1, relaxed);
    }
  }
  if (!is_taken) {
    Heap::get().deallocate(&cold, cold.size(), nullptr);
    return nullptr;
  }
  // The calls that have returned left a page below, maybe.
  vm_discard(cold.first_page() - kPageBytes, kPageBytes);
  ++compacted_in_pass_;
  compacted_.fetch_add(1, relaxed);
  image_bytes_.fetch_add(cold.size(), relaxed);
  return &cold;
}

bool ColdStacks::watch(const Pool& pool, Part& part) noexcept {
  part.is_watched = faults_.watch(part_begin(pool, part), part_bytes(pool, part));
  return part.is_watched;
}

// All of them, or none.
bool ColdStacks::take_pages(ColdStack& cold) noexcept {
  char* const scratch = scratch_ + scratch_used_ * kPageBytes;
  std::size_t taken = 0;
  while (taken < cold.pages &&
         faults_.move_page(scratch + taken * kPageBytes, cold.first_page() + taken * kPageBytes)) {
    ++taken;
  }
  scratch_used_ += taken;
  if (taken == cold.pages && cold.keep(reinterpret_cast<std::uint64_t*>(scratch) + cold.offset())) return true;
  for (std::size_t i = 0; i < taken; ++i) {
    faults_.put_page(cold.first_page() + i * kPageBytes, scratch + i * kPageBytes);
  }
  return false;
}

bool ColdStacks::is_cold(const ColdStack& cold) noexcept {
  // [cold-stack] acquire, with put_back()
  return cold.state.load(acquire) == ColdStack::State::kCold;
}

ColdStacks::Words ColdStacks::words(const ColdStack& cold) noexcept {
  return {cold.image(), cold.image() + cold.kept};
}

void ColdStacks::count_settled(const ColdStack& cold) noexcept {
  ++cold.part->settled;
}

// ---- putting back ----

void ColdStacks::restore(ColdStack* cold) noexcept {
  {
    Part& part = *cold->part;
    const LockGuard guard(part.lock);
    if (is_cold(*cold)) put_back(*cold, part);
    cold->slot->store(nullptr, relaxed);
  }
  image_bytes_.fetch_sub(cold->size(), relaxed);
  Heap::get().deallocate(cold, cold->size(), nullptr);
}

void ColdStacks::put_back(ColdStack& cold, Part& part) noexcept {
  // First of all: who writes there once the page is back may rely on it that the collector looks at the stack again.
  cold.state.store(ColdStack::State::kAwake, release);  // [cold-stack]
  --part.cold;
  cold_.fetch_sub(1, relaxed);
  alignas(kPageBytes) std::uint64_t content[kPagesMax * kPageBytes / sizeof(std::uint64_t)] = {};
  cold.write_to(content + cold.offset());
  for (std::size_t i = 0; i < cold.pages; ++i) {
    faults_.put_page(cold.first_page() + i * kPageBytes, reinterpret_cast<char*>(content) + i * kPageBytes);
  }
}

void ColdStacks::serve_faults() noexcept {
  while (const std::uintptr_t page = faults_.wait()) serve_fault(page);
}

void ColdStacks::serve_fault(std::uintptr_t page) noexcept {
  Pool* const pool = pool_of(page);
  if (pool == nullptr) return faults_.put_zeros(reinterpret_cast<void*>(page));
  const std::size_t slot = pool->slot_of(page);
  Part& part = pool->parts[slot / pool->slots_in_part()];
  const LockGuard guard(part.lock);
  ColdStack* const cold = pool->cold[slot].load(relaxed);
  if (cold != nullptr && is_cold(*cold) && page >= page_down(cold->begin)) {
    touched_.fetch_add(1, relaxed);
    put_back(*cold, part);
  } else {
    faults_.put_zeros(reinterpret_cast<void*>(page));
  }
}

}  // namespace novelo::rt
