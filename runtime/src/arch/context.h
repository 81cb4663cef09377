// runtime/src/arch/context.h
// Switching a thread from one stack to another: what is saved, how a new stack starts, and what the sanitizers must
// be told.
//
//   who        park, yield and exit (goroutine to scheduler), execute (scheduler to goroutine); on that thread only
//   cost       about 2 ns: the callee-saved registers and, when they differ, the floating-point control words
//   invariants a context is entered once after each time it was saved; everything a caller may rely on across a call
//              is saved, nothing else is
//   tested     tests/unit/arch/context_test.cc
//
// After a switch the code may go on in another thread: see machine.h for how thread-local data is read.
#pragma once

#include <cstddef>

#include "base/atomic.h"

namespace novelo::rt {

// A stopped execution: its stack pointer; the registers lie on the stack above it. Layout known to context.S.
struct Context {
  void* sp = nullptr;
#if defined(NOVELO_ASAN)
  void* fake_stack = nullptr;
  const void* stack_bottom = nullptr;
  std::size_t stack_size = 0;
#endif
#if defined(NOVELO_TSAN)
  void* fiber = nullptr;
#endif
};

// Words of a saved context from its stack pointer up, as context.S pushes them.
#if defined(__x86_64__)
// Control words, r15, r14, r13, r12, rbx, rbp, return address.
inline constexpr std::size_t kContextFrameBytes = 8 * sizeof(void*);
inline constexpr std::size_t kContextFramePointer = 6;
inline constexpr std::size_t kContextReturn = 7;
#elif defined(__aarch64__)
// d8..d15, x19..x28, x29, x30, fpcr, padding.
inline constexpr std::size_t kContextFrameBytes = 22 * sizeof(void*);
inline constexpr std::size_t kContextFramePointer = 18;
inline constexpr std::size_t kContextReturn = 19;
#else
#error "novelo has no context switch for this architecture: write src/arch/<name>/context.S"
#endif

using ContextEntry = void (*)(void* argument);

extern "C" {
// Saves the caller in `*save_sp` and goes on where `load_sp` was saved. On x86-64 entered by jump_context() alone.
void novelo_context_switch(void** save_sp, void* load_sp) noexcept;
// The first instruction of a new stack: calls the entry function with its argument; that function never returns.
void novelo_context_start() noexcept;
}

[[gnu::always_inline]] inline void jump_context(void** save_sp, void* load_sp) noexcept {
#if defined(__x86_64__)
  // The 128 bytes below the stack pointer may be in use by the code around this.
  asm volatile(
      "leaq -128(%%rsp), %%rsp\n\t"
      "leaq 1f(%%rip), %%rdx\n\t"
      "jmp novelo_context_switch\n"
      "1:\tleaq 128(%%rsp), %%rsp"
      : "+D"(save_sp), "+S"(load_sp)
      :
      : "rax", "rcx", "rdx", "r8", "r9", "r10", "r11", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
        "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "st", "st(1)", "st(2)", "st(3)", "st(4)",
        "st(5)", "st(6)", "st(7)",
#if defined(__AVX512F__)
        "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25", "xmm26", "xmm27",
        "xmm28", "xmm29", "xmm30", "xmm31", "k1", "k2", "k3", "k4", "k5", "k6", "k7",
#endif
        "memory", "cc");
#else
  novelo_context_switch(save_sp, load_sp);
#endif
}

// Prepares `context` so that the first switch to it calls `entry(argument)` on the stack [bottom, bottom + size).
// `entry` never returns.
void context_make(Context& context, void* bottom, std::size_t size, ContextEntry entry, void* argument) noexcept;

// Gives back what a sanitizer keeps for a context that will never be entered again.
void context_destroy(Context& context) noexcept;

// Fills `context` for the calling thread's own stack, so that it can be switched away from.
void context_adopt_thread(Context& context) noexcept;

enum class SwitchFrom : bool { kLives, kEnds };

// Leaves `from` (saved, or abandoned for ever when it ends) for `to`.
[[gnu::always_inline]] inline void context_switch(Context& from, Context& to,
                                                  SwitchFrom fate = SwitchFrom::kLives) noexcept;

// The first thing a new context does: tells the sanitizers that it arrived.
inline void context_arrived(Context& self) noexcept;

}  // namespace novelo::rt

#include "arch/sanitizer.h"
