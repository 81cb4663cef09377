// runtime/src/stack/guard.h
// Faults: those in the guard of the running goroutine's stack are dealt with, so that the instruction runs again; all
// others go to whoever handled them before.
//
//   who        the scheduler, at its start and end; each machine's thread, for its signal stack
//   tested     tests/conformance/stack_test.cc, tests/crash/stack_overflow_test.cc
#pragma once

#include <cstddef>

namespace novelo::rt {

// Called in the signal handler, on the signal stack. True: whatever made `address` fault is put right.
using FaultRepair = bool (*)(const void* address) noexcept;

// Installs the handler of SIGSEGV and SIGBUS, and puts back what was there.
void fault_handler_install(FaultRepair repair) noexcept;
void fault_handler_remove() noexcept;

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
