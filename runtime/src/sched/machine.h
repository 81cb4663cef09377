// runtime/src/sched/machine.h
// The M record: an operating-system thread that runs goroutines while it holds a processor. Its own stack is the
// scheduler's: between two goroutines the machine is there.
//
//   who        the thread itself; sysmon, to take the processor away; whoever wakes it
//   memory     lives as long as the scheduler
//   tested     tests/conformance/scheduler_test.cc, tests/stress/retake_test.cc
//
// Retaking. A goroutine that blocks its thread or loops must not keep the processor, and nothing can stop it half-way,
// so sysmon takes the processor away under it. The machine's own uses of the processor are bracketed by PinnedProcessor
// (in_runtime above zero), which costs two plain stores: the full fence of this store-then-load handshake is made by
// sysmon for both sides (os/barrier.h).
//
//   the machine, to pin       in_runtime := 1; light barrier; retake_pending? wait until it is not; read processor
//   sysmon, to retake         retake_pending := 1; heavy barrier; in_runtime > 0 ? give up : processor := nullptr;
//                             retake_pending := 0
//   either the machine sees retake_pending, or sysmon sees in_runtime: never do both use the processor
#pragma once

#include <pthread.h>

#include <cstdint>

#include "arch/context.h"
#include "base/atomic.h"
#include "heap/kept_object.h"
#include "os/barrier.h"
#include "os/futex.h"
#include "sched/goroutine.h"

namespace novelo::rt {

struct Mutator;
struct Processor;

// What a goroutine leaves to be done on the scheduler's stack, once it is off its own.
enum class SwitchReason : std::uint8_t { kPark, kYield, kRequeue, kExit };

// Publishes a goroutine that is off its stack: releases the lock under which it was queued. That lock must be one the
// goroutine takes again before it leaves its wait by another way than the event, because a canceller may have made it
// run already.
using Commit = void (*)(void* argument) noexcept;

struct Machine : KeptObject {
  explicit Machine(int number) noexcept : index(number) {}

  const int index;
  pthread_t thread{};
  bool has_thread = false;              // not joined yet; under the idle lock
  Context scheduler;                    // the thread's own stack, while a goroutine runs
  Goroutine* locked = nullptr;          // the only one this machine may run, by lock_os_thread()
  Goroutine* current = nullptr;         // running on this machine; for the machine's own thread
  Atomic<Goroutine*> running{nullptr};  // the same for sysmon, as a hint: goroutine records are never freed
  Atomic<Processor*> processor{nullptr};
  Atomic<std::uint32_t> in_runtime{1};      // [retake] above zero: the processor is being used
  Atomic<std::uint32_t> retake_pending{0};  // [retake]
  // [slice] The present slice of a metered goroutine, for Meter::usage(): 0 when there is none.
  Atomic<std::uint64_t> slice_began{0};
  Atomic<const Account*> slice_account{nullptr};
  Atomic<Mutator*> mutator{nullptr};     // what the collector keeps for this thread: gc/mutator.h
  Mutator* allocator = nullptr;          // the same, while collected objects may be allocated
  Atomic<bool> is_in_blocking{false};    // [gc-run] its goroutine is in a BlockingSection
  bool is_spinning = false;              // counted in Scheduler::spinning_
  ExceptionState* exceptions = nullptr;  // the thread's __cxa_get_globals()

  // Set by the goroutine before it switches to the scheduler's stack.
  SwitchReason reason = SwitchReason::kPark;
  bool is_cancellable = false;
  Commit commit = nullptr;
  void* commit_argument = nullptr;

  // Asleep until another machine hands it a processor (or the end).
  Machine* next_idle = nullptr;          // under the idle lock
  Atomic<std::uint32_t> wake_word{0};    // [machine-wake]
  Processor* given_processor = nullptr;  // before the wake
  Goroutine* given_goroutine = nullptr;  // to run at once: the one that is locked to this machine
  bool given_spinning = false;
};

extern "C" {
// The machine whose thread this is; nullptr on foreign threads. Read it through current_machine() alone.
extern __thread Machine* novelo_machine __attribute__((tls_model("initial-exec")));
}

// Reads the thread-local afresh each time: after a park the same code may run in another thread, and a compiler may
// keep the address of a thread-local in a register across any call.
inline Machine* current_machine() noexcept {
#if defined(__x86_64__)
  Machine* machine;
  asm volatile(
      "movq novelo_machine@gottpoff(%%rip), %0\n\t"
      "movq %%fs:(%0), %0"
      : "=r"(machine));
  return machine;
#else
  extern Machine* current_machine_slow() noexcept;
  return current_machine_slow();
#endif
}

// The running goroutine; nullptr on foreign threads and on scheduler stacks.
inline Goroutine* current_goroutine() noexcept {
  Machine* machine = current_machine();
  return machine == nullptr ? nullptr : machine->current;
}

// The calling thread's processor, which nobody takes away while this lives. get() is nullptr when the thread has none:
// it is foreign, or the processor was retaken. Never held across a park. Nests.
class PinnedProcessor {
 public:
  PinnedProcessor() noexcept : machine_(current_machine()) {
    if (machine_ == nullptr) return;
    machine_->in_runtime.store(machine_->in_runtime.load(relaxed) + 1, relaxed);
    light_barrier();  // [retake] with sysmon's heavy_barrier()
    // [retake] acquire, with the release that ends it: what stands in `processor` then is seen
    if (machine_->retake_pending.load(acquire) != 0) [[unlikely]]
      wait_for_retake();
    processor_ = machine_->processor.load(acquire);  // [retake] with retake()'s store
  }
  ~PinnedProcessor() {
    // [retake] release: sysmon, seeing 0, sees all that was done with the processor
    if (machine_ != nullptr) machine_->in_runtime.store(machine_->in_runtime.load(relaxed) - 1, release);
  }
  PinnedProcessor(const PinnedProcessor&) = delete;
  PinnedProcessor& operator=(const PinnedProcessor&) = delete;

  Processor* get() const noexcept { return processor_; }
  Processor* operator->() const noexcept { return processor_; }
  explicit operator bool() const noexcept { return processor_ != nullptr; }
  Machine* machine() const noexcept { return machine_; }

 private:
  void wait_for_retake() noexcept {
    // [retake] acquire, with the release that ends it
    while (machine_->retake_pending.load(acquire) != 0) futex_wait(machine_->retake_pending, 1);
  }

  Machine* const machine_;
  Processor* processor_ = nullptr;
};

}  // namespace novelo::rt
