// Rejected: to grow by moving to a larger stack, as Go does: C++ has pointers into stacks that nobody can find.
#include "stack/stack_classes.h"

#include <sys/mman.h>

#include <algorithm>

#include "os/vm.h"

namespace novelo::rt {
namespace {

constexpr std::size_t kPageBytes = 4096;
constexpr std::size_t kMediumMax = std::size_t{64} << 10;  // slots: beyond it goroutines are very many
constexpr std::size_t kLargeMax = std::size_t{8} << 10;
constexpr std::size_t kLargeMin = 64;
constexpr std::size_t kMeasuredAtOnce = 256;  // each costs a page of page tables
constexpr std::size_t kMargin = 4;            // so many times what was seen at most is enough

// What `stack` has used of its size: from its top down to the lowest page with memory behind it.
std::size_t used_bytes(const Stack& stack) noexcept {
  unsigned char pages[1024];
  for (std::size_t at = 0; at < stack.size; at += sizeof(pages) * kPageBytes) {
    const std::size_t bytes = std::min(stack.size - at, sizeof(pages) * kPageBytes);
    if (mincore(stack.bottom + at, bytes, pages) != 0) return stack.size;
    for (std::size_t i = 0; i < bytes / kPageBytes; ++i) {
      if ((pages[i] & 1) != 0) return stack.size - at - i * kPageBytes;
    }
  }
  return 0;
}

void raise_to(Atomic<std::uint64_t>& value, std::uint64_t to) noexcept {
  std::uint64_t now = value.load(relaxed);
  while (now < to && !value.compare_exchange_weak(now, to, relaxed, relaxed)) {
  }
}

void note_need(StackNeed& need, StackNeed::Kind kind) noexcept {
  StackNeed::Kind now = need.kind.load(relaxed);
  while (now < kind && !need.kind.compare_exchange_weak(now, kind, relaxed, relaxed)) {
  }
}

}  // namespace

std::size_t StackClasses::reserve(std::size_t stacks, std::size_t stack_bytes_max) noexcept {
  const std::size_t share = vm_share(~std::size_t{0} / 2, 16);  // once for each class, twice for the first
  if (!pool(StackClass::kDense).reserve(stacks, 2 * share)) return 0;
  stack_bytes_max_ = stack_bytes_max;
  if (stack_bytes_max >= stack_slot_bytes(StackClass::kMedium)) {
    pool(StackClass::kMedium).reserve(std::min(stacks, kMediumMax), share);
  }
  if (stack_bytes_max >= stack_slot_bytes(StackClass::kLarge)) {
    pool(StackClass::kLarge).reserve(std::clamp(stacks / 64, kLargeMin, kLargeMax), share);
  }
  measured_max_ = std::min(kMeasuredAtOnce, pool(StackClass::kLarge).slots_max() / 2);
  return pool(StackClass::kDense).slots_max();
}

Stack StackClasses::take_slow(Cache& cache, StackNeed& need) noexcept {
  const StackNeed::Kind kind = need.kind.load(relaxed);
  Stack stack;
  if (kind == StackNeed::Kind::kUnknown) {
    stack = take_measured();
  } else if (kind == StackNeed::Kind::kLarge) {
    stack = take_of(std::max<std::size_t>(need.hint, 1));
  }
  if (stack.bottom == nullptr) stack = pool(StackClass::kMedium).take(cache.medium);
  if (stack.bottom == nullptr) stack = pool(StackClass::kDense).take(cache.dense);
  return stack;
}

Stack StackClasses::take_measured() noexcept {
  StackPool& large = pool(StackClass::kLarge);
  if (large.carved_slots() - std::min(large.idle_slots(), large.carved_slots()) >= measured_max_) return {};
  Stack stack = large.take();
  stack.is_measured = stack.is_changed = stack.bottom != nullptr;
  return stack;
}

Stack StackClasses::take_of(std::size_t bytes) noexcept {
  Stack stack = pool(StackClass::kLarge).take();
  if (stack.bottom == nullptr) stack = pool(StackClass::kMedium).take();
  if (stack.bottom == nullptr) return stack;
  while (stack.size < std::min(bytes, stack_bytes_max_) && pool(stack.kind).grow(stack)) {
  }
  return stack;
}

void StackClasses::give_slow(Cache& cache, Stack stack, StackNeed& need) noexcept {
  if (!stack.is_changed && stack.kind == StackClass::kDense) {
    pool(StackClass::kDense).give(cache.dense, stack);
    return;
  }
  if (stack.is_measured) {
    raise_to(need.used_bytes_max, used_bytes(stack));
    if (need.used_bytes_max.load(relaxed) * kMargin > stack_usable_bytes(StackClass::kMedium)) {
      note_need(need, StackNeed::Kind::kLarge);
    } else if (need.measured.fetch_add(1, relaxed) + 1 >= kMeasured) {
      note_need(need, StackNeed::Kind::kMedium);
    }
    // So that the next to be measured on it is not taken for this one. The last pages stay: all need these.
    constexpr std::size_t kKept = 2 * kPageBytes;
    vm_discard(stack.bottom, stack.size - kKept);
    released_bytes_.fetch_add(stack.size - kKept, relaxed);
    stack.is_measured = false;
  }
  const std::size_t released = pool(stack.kind).give(stack);
  if (released != 0) released_bytes_.fetch_add(released, relaxed);
}

void StackClasses::give_segment(const Stack& stack) noexcept {
  released_bytes_.fetch_add(pool(stack.kind).give(stack), relaxed);
}

void StackClasses::drain(Cache& cache) noexcept {
  pool(StackClass::kDense).drain(cache.dense);
  pool(StackClass::kMedium).drain(cache.medium);
}

bool StackClasses::grow(Stack& stack, StackNeed& need) noexcept {
  if (stack.is_reserve_open || stack.size + stack_slot_bytes(stack.kind) > stack_bytes_max_) return false;
  if (!pool(stack.kind).grow(stack)) return false;
  note_need(need, StackNeed::Kind::kLarge);
  grown_.fetch_add(1, relaxed);
  return true;
}

bool StackClasses::open_reserve(Stack& stack, StackNeed& need) noexcept {
  if (!vm_unguard(stack.bottom - kStackReserveBytes, kStackReserveBytes)) return false;
  stack.bottom -= kStackReserveBytes;
  stack.size += kStackReserveBytes;
  stack.is_reserve_open = stack.is_changed = true;
  note_need(need, StackNeed::Kind::kLarge);
  overflows_.fetch_add(1, relaxed);
  return true;
}

bool StackClasses::close_reserve(Stack& stack) noexcept {
  if (!vm_guard(stack.bottom, kStackReserveBytes)) return false;
  stack.bottom += kStackReserveBytes;
  stack.size -= kStackReserveBytes;
  stack.is_reserve_open = false;
  return true;
}

bool StackClasses::shrink(const Stack& stack, const void* sp, StackNeed& need) noexcept {
  if (stack.is_reserve_open) return true;
  const char* const kept = static_cast<const char*>(sp) - kPageBytes;
  const std::size_t used = used_bytes(stack);
  if (stack.is_measured) raise_to(need.used_bytes_max, used);
  char* const lowest = stack.bottom + stack.size - used;
  if (kept < lowest + kPageBytes) return true;
  const std::size_t unused = static_cast<std::size_t>(kept - lowest) / kPageBytes * kPageBytes;
  const std::size_t bytes = std::min(unused, kShrunkMax);
  if (!vm_discard(lowest, bytes)) return true;
  released_bytes_.fetch_add(bytes, relaxed);
  return bytes == unused;
}

bool StackClasses::trim() noexcept {
  bool has_more = false;
  for (StackPool& one : pools_) {
    const std::size_t trimmed = one.trim();
    if (trimmed != 0) released_bytes_.fetch_add(trimmed * stack_usable_bytes(one.kind()), relaxed);
    has_more = has_more || trimmed >= StackPool::kTrimMax;
  }
  return has_more;
}

bool StackClasses::contains(const void* address) const noexcept {
  return std::any_of(pools_.begin(), pools_.end(), [address](const StackPool& one) { return one.contains(address); });
}

StackClasses::Bytes StackClasses::bytes() const noexcept {
  Bytes sum;
  for (const StackPool& one : pools_) {
    // Slots may go from one list to another while we count.
    const std::size_t idle = std::min(one.idle_slots(), one.carved_slots());
    sum.idle += idle * stack_slot_bytes(one.kind());
    sum.in_use += (one.carved_slots() - idle) * stack_slot_bytes(one.kind());
  }
  return sum;
}

std::uint64_t StackClasses::kept_bytes(const Cache& cache) noexcept {
  return static_cast<std::uint64_t>(cache.dense.size.load(relaxed)) * stack_slot_bytes(StackClass::kDense) +
         static_cast<std::uint64_t>(cache.medium.size.load(relaxed)) * stack_slot_bytes(StackClass::kMedium);
}

}  // namespace novelo::rt
