// A frame is two words: the caller's frame pointer and the return address. Everything read here may be changing: each
// address is checked before it is followed.
//
// Rejected: unwinding by the compiler's tables, which needs the registers of the innermost frame as a running thread
// has them, takes a lock of the loader and about a microsecond a frame.
#include "stack/backtrace.h"

#include <cstdint>

namespace novelo::rt {
namespace {

struct Frame {
  const Frame* caller;
  const void* return_address;
};

}  // namespace

__attribute__((no_sanitize("thread", "address"))) std::size_t backtrace(const Context& context, const Stack& stack,
                                                                        std::span<const void*> calls) noexcept {
  const auto low = reinterpret_cast<std::uintptr_t>(stack.bottom);
  const std::uintptr_t high = low + stack.size;
  const auto is_inside = [low, high](const void* at, std::size_t bytes) {
    const auto address = reinterpret_cast<std::uintptr_t>(at);
    return low != 0 && address >= low && address % sizeof(void*) == 0 && address + bytes <= high;
  };
  if (!is_inside(context.sp, kContextFrameBytes)) return 0;
  const auto* words = static_cast<const std::uintptr_t*>(context.sp);
  const auto* frame = reinterpret_cast<const Frame*>(words[kContextFramePointer]);
  std::size_t n = 0;
  if (n < calls.size()) calls[n++] = reinterpret_cast<const void*>(words[kContextReturn]);
  while (n < calls.size() && is_inside(frame, sizeof(Frame))) {
    const Frame* caller = frame->caller;
    calls[n++] = frame->return_address;
    if (caller <= frame) break;  // the outermost, or no frame at all
    frame = caller;
  }
  return n;
}

}  // namespace novelo::rt
