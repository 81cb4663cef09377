// novelo/runtime.h
// Starting the runtime and running a program's main goroutine in it.
//
//   from   threads that are not the runtime's own
//   cost   a Runtime starts a watcher thread at once and others as goroutines need them
//   tested tests/conformance/runtime_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "novelo/error.h"
#include "novelo/start.h"

namespace novelo {

// What happens when an exception leaves a goroutine that nobody joins.
enum class UncaughtPolicy : std::uint8_t {
  kAbort,   // the process ends with a message
  kReport,  // the goroutine ends, the hook is told, the process lives
};

struct RuntimeOptions {
  // Processors, that is goroutines running at one time. 0: $NOVELO_MAXPROCS, else the CPUs this process may use,
  // after its affinity and the cgroup quotas, looked at again every second.
  int max_procs = 0;
  // Threads, blocked ones included.
  int max_threads = 10000;
  // A thread that had nothing to do for so long ends, as long as there is one left for each processor.
  absl::Duration thread_idle_timeout = absl::Seconds(30);
  // Goroutines alive at one time; go() throws RuntimeError beyond it. Costs address space only: 64 KiB each, and up to
  // 80 GiB for stacks that are larger. Less is taken when the system refuses that much.
  std::size_t max_goroutines = 4'000'000;
  // How far the stack of a goroutine may grow; who needs more ends with StackOverflow. Costs nothing until it is used.
  std::size_t max_stack_bytes = 256 << 20;
  // Set: deterministic mode. One processor whatever max_procs says; sleep(), timers, deadlines and now() go by a
  // virtual time that jumps to the next timer when no goroutine can run; who runs next, whether a call lets others go
  // first, which ready case select() takes and which of two simultaneous timers fires first are drawn from the seed.
  // The same seed and program give the same interleaving, unless the program asks the real clock or other threads.
  std::optional<std::uint64_t> seed;
  // In deterministic mode: choices to make before any is drawn, and where those made are appended to. novelo/testing.h
  // explores and repeats with them.
  std::vector<std::uint32_t> replay;
  std::vector<std::uint32_t>* record = nullptr;
  // After the failing goroutine's stack was unwound.
  UncaughtPolicy uncaught = UncaughtPolicy::kAbort;
  // Default: one line on standard error with the id and what().
  absl::AnyInvocable<void(std::uint64_t id, std::exception_ptr error)> on_uncaught;
};

// Keeps a Runtime from taking an idle program for a deadlocked one, and starts goroutines from foreign threads.
// Copyable; must not outlive the Runtime.
class Poster {
 public:
  Poster(const Poster& other) noexcept;
  Poster& operator=(const Poster&) = delete;
  ~Poster();
  // Starts a goroutine in the outermost scope. One push and at most one wake; never blocks on a goroutine.
  template <class F>
  void post(F&& f) const {
    post_closure(rt::Closure(std::forward<F>(f)));
  }

 private:
  friend class Runtime;
  Poster();
  void post_closure(rt::Closure body) const;
};

// One alive at a time in a process: a second throws RuntimeError. Another may be made after it is destroyed.
class Runtime {
 public:
  explicit Runtime(RuntimeOptions options = {});
  ~Runtime();  // cancels what still runs, waits for it, ends every thread
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  // Runs f as the main goroutine; returns what it returns or rethrows what it throws, after the goroutines it left
  // behind were cancelled and unwound. Throws DeadlockError when no goroutine can ever run again.
  template <class F>
  auto run(F&& f) {
    using R = std::invoke_result_t<F>;
    std::exception_ptr error;
    if constexpr (std::is_void_v<R>) {
      run_main(rt::Closure([&] {
                 try {
                   std::forward<F>(f)();
                 } catch (const rt::GoExit&) {
                   throw;
                 } catch (...) {
                   error = std::current_exception();
                 }
               }),
               error);
    } else {
      std::optional<R> result;
      run_main(rt::Closure([&] {
                 try {
                   result.emplace(std::forward<F>(f)());
                 } catch (const rt::GoExit&) {
                   throw;
                 } catch (...) {
                   error = std::current_exception();
                 }
               }),
               error);
      return std::move(*result);
    }
  }

  // From a foreign thread: starts a goroutine in the outermost scope. One push and at most one wake.
  template <class F>
  void post(F&& f) {
    post_closure(rt::Closure(std::forward<F>(f)));
  }
  Poster poster();

 private:
  // Returns when the main goroutine and those it left have ended; rethrows `error` if that was set meanwhile.
  void run_main(rt::Closure body, const std::exception_ptr& error);
  void post_closure(rt::Closure body);

  struct State;
  std::unique_ptr<State> state_;
};

template <class F>
auto run(F&& f) {
  return Runtime{}.run(std::forward<F>(f));
}

// Processors of the runtime that is alive; throws RuntimeError when none is. From any thread.
int max_procs();
// Changes their number, to at most 1024, and returns the old one; below 1 it changes nothing. Stops nothing: goroutines
// on processors that are too many go on elsewhere after their next call of the runtime. No effect in deterministic
// mode.
int set_max_procs(int n);

}  // namespace novelo
