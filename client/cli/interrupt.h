// client/cli/interrupt.h
// Ctrl-C. The first one runs what the current wait says (cancel the call, detach from the job); the second leaves at
// once with exit code 130, and so does the first when nothing waits.
//
//   made by     main, before any other thread exists: they must inherit the blocked signal
//   threads     one of its own, joined by the destructor; it runs the action, so an action must be free to run at any
//               time and quick
//   tested in   tests/unit/client/interrupt_test.cc
#ifndef NOVELO_CLIENT_CLI_INTERRUPT_H_
#define NOVELO_CLIENT_CLI_INTERRUPT_H_

#include <atomic>
#include <functional>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace novelo::cli {

class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  // Whether a Ctrl-C came.
  bool came() const { return came_.load(std::memory_order_relaxed); }

  // While one of these lives, the first Ctrl-C runs its action, that of the innermost; one that came earlier runs it at
  // once.
  class Wait {
   public:
    Wait(Interrupt& interrupt, std::function<void()> action);
    ~Wait();
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;

   private:
    Interrupt& interrupt_;
    std::function<void()> outer_;
  };

 private:
  void serve();

  int signal_fd_ = -1;
  int stop_fd_ = -1;
  std::atomic<bool> came_{false};  // a flag alone: nothing is read by its order
  absl::Mutex mutex_;
  std::function<void()> action_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace novelo::cli

#endif  // NOVELO_CLIENT_CLI_INTERRUPT_H_
