// How a new stack is laid out so that the switch "returns" into novelo_context_start: the frame below must match the
// pops of context.S.
#include "arch/context.h"

#include <pthread.h>

#include <algorithm>
#include <cstdint>

#include "base/check.h"

namespace novelo::rt {
namespace {

#if defined(__x86_64__)
constexpr std::size_t kControlWords = 0;
constexpr std::size_t kEntry = 3;                                    // r13
constexpr std::size_t kArgument = 4;                                 // r12
constexpr std::uint64_t kDefaultControlWords = 0x0000037F'00001F80;  // x87 and SSE as the ABI starts a process
#elif defined(__aarch64__)
constexpr std::size_t kControlWords = 20;
constexpr std::size_t kEntry = 8;     // x19
constexpr std::size_t kArgument = 9;  // x20
constexpr std::uint64_t kDefaultControlWords = 0;
#endif

}  // namespace

void context_make(Context& context, void* bottom, std::size_t size, ContextEntry entry, void* argument) noexcept {
  NOVELO_DCHECK(size >= 4096);
#if defined(NOVELO_ASAN)
  // Red zones of the frames that a former user of this stack abandoned are no longer meant.
  __asan_unpoison_memory_region(bottom, size);
  context.fake_stack = nullptr;
  context.stack_bottom = bottom;
  context.stack_size = size;
#endif
#if defined(NOVELO_TSAN)
  context.fiber = __tsan_create_fiber(0);
#endif
  char* top = static_cast<char*>(bottom) + size;
  top -= reinterpret_cast<std::uintptr_t>(top) % 16;
#if defined(__x86_64__)
  top -= 16;  // novelo_context_start is entered as by a jump: its stack pointer is a multiple of 16
#endif
  auto* frame = reinterpret_cast<std::uint64_t*>(top - kContextFrameBytes);
  std::fill_n(frame, kContextFrameBytes / sizeof(*frame), 0);
  frame[kControlWords] = kDefaultControlWords;
  frame[kEntry] = reinterpret_cast<std::uintptr_t>(entry);
  frame[kArgument] = reinterpret_cast<std::uintptr_t>(argument);
  frame[kContextReturn] = reinterpret_cast<std::uintptr_t>(&novelo_context_start);
  context.sp = frame;
}

void context_destroy([[maybe_unused]] Context& context) noexcept {
#if defined(NOVELO_TSAN)
  if (context.fiber != nullptr) __tsan_destroy_fiber(context.fiber);
  context.fiber = nullptr;
#endif
}

void context_adopt_thread([[maybe_unused]] Context& context) noexcept {
#if defined(NOVELO_ASAN)
  pthread_attr_t attributes;
  NOVELO_CHECK(pthread_getattr_np(pthread_self(), &attributes) == 0);
  void* bottom = nullptr;
  NOVELO_CHECK(pthread_attr_getstack(&attributes, &bottom, &context.stack_size) == 0);
  context.stack_bottom = bottom;
  pthread_attr_destroy(&attributes);
#endif
#if defined(NOVELO_TSAN)
  context.fiber = __tsan_get_current_fiber();
#endif
}

}  // namespace novelo::rt
