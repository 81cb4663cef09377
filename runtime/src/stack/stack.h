// runtime/src/stack/stack.h
// One goroutine's stack, and the sizes stacks come in.
//
//   a slot       [ red zone | reserve | usable ................ top ]      addresses grow to the right
//                  guarded    guarded   committed as it is touched
//   grown        the slot below joins: its own guard is the stack's then, and this one's is removed
//   overflowed   no slot can join: the reserve is opened, so that there is room to throw and to unwind
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/atomic.h"

namespace novelo::rt {

enum class StackClass : std::uint8_t {
  kDense,   // when there are very many: half the page tables of kMedium
  kMedium,  // as a rule
  kLarge,   // for entries that are known to need it, or not known yet
};
inline constexpr std::size_t kStackClasses = 3;

constexpr std::size_t stack_slot_bytes(StackClass kind) {
#if defined(NOVELO_ASAN) || defined(NOVELO_TSAN)
  constexpr std::size_t kBytes[kStackClasses] = {512 << 10, 1 << 20, 16 << 20};  // instrumented frames are large
#else
  constexpr std::size_t kBytes[kStackClasses] = {64 << 10, 256 << 10, 8 << 20};
#endif
  return kBytes[static_cast<std::size_t>(kind)];
}

inline constexpr std::size_t kStackRedBytes = std::size_t{4} << 10;
#if defined(NOVELO_ASAN) || defined(NOVELO_TSAN)
inline constexpr std::size_t kStackReserveBytes = std::size_t{124} << 10;
#else
inline constexpr std::size_t kStackReserveBytes = std::size_t{16} << 10;
#endif
inline constexpr std::size_t kStackGuardBytes = kStackRedBytes + kStackReserveBytes;

constexpr std::size_t stack_usable_bytes(StackClass kind) {
  return stack_slot_bytes(kind) - kStackGuardBytes;
}

struct Stack {
  char* bottom = nullptr;  // the lowest usable byte, just above what is guarded
  std::size_t size = 0;
  StackClass kind = StackClass::kMedium;
  bool is_changed = false;   // it has grown, or one of the following holds: more is to be done when it is given back
  bool is_measured = false;  // how much of it was used is to be looked at
  bool is_cold = false;      // what stands on it is kept elsewhere: it is to be put back before anybody runs on it
  bool is_reserve_open = false;  // the reserve counts as usable: an overflow is being unwound

  // How much of `size` to leave out at the top. Slots lie at one distance that is a power of two: without this the
  // first frames of all stacks would share a few lines of the processor's caches. Less than half a page, so that a
  // goroutine that waits in a shallow call still needs one page.
  std::size_t colour() const noexcept {
    constexpr std::uint64_t kColourBits = 5;
    const std::uint64_t slot = reinterpret_cast<std::uintptr_t>(bottom) / stack_slot_bytes(StackClass::kDense);
    // Slots in use together differ in any of their bits.
    const std::uint64_t mixed = slot * std::uint64_t{0x9E37'79B9'7F4A'7C15};
    return static_cast<std::size_t>(mixed >> (64 - kColourBits)) * kCacheLine;
  }
};

}  // namespace novelo::rt
