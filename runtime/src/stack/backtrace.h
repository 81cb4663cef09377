// runtime/src/stack/backtrace.h
// The calls on a stack that is switched out, by its chain of frame pointers.
//
//   who        dumps, from any thread, also while the goroutine is about to go on
//   cost       a system call a frame; no lock, no allocation
//   invariants reads only inside the stack; what it returns is right if the context did not run meanwhile, which the
//              caller finds out (WaitRecord::snapshot() before and after)
//   limit      code built without frame pointers shows gaps: novelo::runtime asks for -fno-omit-frame-pointer
//   tested     tests/conformance/dump_test.cc
#pragma once

#include <cstddef>
#include <span>

#include "arch/context.h"
#include "stack/stack.h"

namespace novelo::rt {

// Fills `calls` with return addresses, the innermost first, and returns how many.
std::size_t backtrace(const Context& context, const Stack& stack, std::span<const void*> calls) noexcept;

}  // namespace novelo::rt
