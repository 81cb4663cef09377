// The handler of faults, in front of the one that was there.
#include "stack/guard.h"

#include <signal.h>

#include <utility>

#include "base/atomic.h"
#include "os/vm.h"

namespace novelo::rt {
namespace {

Atomic<FaultRepair> g_repair{nullptr};
struct sigaction g_previous_segv;
struct sigaction g_previous_bus;

void pass_on(int signal, siginfo_t* info, void* ucontext) noexcept {
  const struct sigaction& previous = signal == SIGSEGV ? g_previous_segv : g_previous_bus;
  if ((previous.sa_flags & SA_SIGINFO) != 0) {
    previous.sa_sigaction(signal, info, ucontext);
  } else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
    previous.sa_handler(signal);
  } else {
    // The faulting instruction runs again and the default action ends the process, with its core and its true address.
    sigaction(signal, &previous, nullptr);
  }
}

void on_fault(int signal, siginfo_t* info, void* ucontext) noexcept {
  const FaultRepair repair = g_repair.load(relaxed);
  if (repair == nullptr || !repair(info->si_addr)) pass_on(signal, info, ucontext);
}

}  // namespace

void fault_handler_install(FaultRepair repair) noexcept {
  g_repair.store(repair, relaxed);
  struct sigaction action = {};
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  sigemptyset(&action.sa_mask);
  sigaction(SIGSEGV, &action, &g_previous_segv);
  sigaction(SIGBUS, &action, &g_previous_bus);
}

void fault_handler_remove() noexcept {
  sigaction(SIGSEGV, &g_previous_segv, nullptr);
  sigaction(SIGBUS, &g_previous_bus, nullptr);
  g_repair.store(nullptr, relaxed);
}

SignalStack::SignalStack() noexcept : memory_(vm_reserve(kBytes)) {
  if (memory_ == nullptr) return;  // an overflow on this thread will then end the process without a message
  if (!vm_make_usable(memory_, kBytes)) {
    vm_release(std::exchange(memory_, nullptr), kBytes);
    return;
  }
  stack_t stack = {};
  stack.ss_sp = memory_;
  stack.ss_size = kBytes;
  sigaltstack(&stack, nullptr);
}

SignalStack::~SignalStack() {
  if (memory_ == nullptr) return;
  stack_t none = {};
  none.ss_flags = SS_DISABLE;
  sigaltstack(&none, nullptr);
  vm_release(memory_, kBytes);
}

}  // namespace novelo::rt
