// runtime/src/stack/guard.h
// What happens when a goroutine runs over the end of its stack: the fault in the guard is recognised and the process
// ends with a message that names the goroutine. Faults anywhere else go to whoever handled them before.
//
//   who        the scheduler, at its start and end; each machine's thread, for its signal stack
//   tested     tests/crash/stack_overflow_test.cc
#pragma once

#include "stack/stack_pool.h"

namespace novelo::rt {

// Called in the signal handler with an address in some guard. Ends the process if the address is in the guard of the
// goroutine that runs here; returns if the fault is no overflow of it.
using OverflowReport = void (*)(const void* address) noexcept;

// Installs the handler of SIGSEGV and SIGBUS; `stacks` must outlive overflow_handler_remove().
void overflow_handler_install(const StackPool& stacks, OverflowReport report) noexcept;
void overflow_handler_remove() noexcept;

// The stack a thread's signal handlers run on: the goroutine's own may be the one that ended.
class SignalStack {
 public:
  SignalStack() noexcept;
  ~SignalStack();
  SignalStack(const SignalStack&) = delete;
  SignalStack& operator=(const SignalStack&) = delete;

 private:
  static constexpr std::size_t kBytes = std::size_t{64} << 10;
  void* memory_;
};

}  // namespace novelo::rt
