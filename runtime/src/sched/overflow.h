// runtime/src/sched/overflow.h
// The end of a stack: it grows, or its goroutine is told with StackOverflow, or it goes on elsewhere (grow_stack()).
//
//   on_stack_fault()   in the signal handler, by the goroutine that ran into its guard: grows the stack; where it
//   cannot,
//                      opens the reserve and sets kAttentionOverflow; once that is used up too, ends the process
//   deliver_overflow() by the goroutine, at a call of the runtime: throws once, and again while the reserve is in use;
//                      guards the reserve again once it is not
//   tested             tests/conformance/stack_test.cc, tests/crash/stack_overflow_test.cc
#pragma once

#include "arch/context.h"
#include "stack/stack.h"

namespace novelo::rt {

struct Goroutine;

// A stack that its goroutine has left by grow_stack(), and where on it.
struct StackSegment {
  Context context;
  Stack stack;
  StackSegment* outer = nullptr;
};

bool on_stack_fault(const void* address) noexcept;
void deliver_overflow(Goroutine& g);

}  // namespace novelo::rt
