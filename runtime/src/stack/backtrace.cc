// A frame is two words: the caller's frame pointer and the return address. Everything read here may be changing, and a
// stack that had grown may have guards inside again: the kernel copies each frame, and says so when it cannot.
//
// Rejected: unwinding by the compiler's tables, which needs the registers of the innermost frame as a running thread
// has them, takes a lock of the loader and about a microsecond a frame.
#include "stack/backtrace.h"

#include <cstdint>

#include "os/vm.h"

namespace novelo::rt {
namespace {

struct Frame {
  const Frame* caller = nullptr;
  const void* return_address = nullptr;
};

}  // namespace

__attribute__((no_sanitize("thread"))) std::size_t backtrace(const Context& context, const Stack& stack,
                                                             std::span<const void*> calls) noexcept {
  const auto low = reinterpret_cast<std::uintptr_t>(stack.bottom);
  const std::uintptr_t high = low + stack.size;
  const auto is_inside = [low, high](const void* at, std::size_t bytes) {
    const auto address = reinterpret_cast<std::uintptr_t>(at);
    return low != 0 && address >= low && address % sizeof(void*) == 0 && address + bytes <= high;
  };
  if (!is_inside(context.sp, kContextFrameBytes)) return 0;
  std::uintptr_t words[kContextFrameBytes / sizeof(void*)];
  if (!vm_read(context.sp, words, sizeof words)) return 0;
  const auto* at = reinterpret_cast<const Frame*>(words[kContextFramePointer]);
  std::size_t n = 0;
  if (n < calls.size()) calls[n++] = reinterpret_cast<const void*>(words[kContextReturn]);
  while (n < calls.size() && is_inside(at, sizeof(Frame))) {
    Frame frame;
    if (!vm_read(at, &frame, sizeof frame)) break;
    calls[n++] = frame.return_address;
    if (frame.caller <= at) break;  // the outermost, or no frame at all
    at = frame.caller;
  }
  return n;
}

}  // namespace novelo::rt
