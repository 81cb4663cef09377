// client/cli/interrupt.cc
// A signalfd and a thread instead of a handler: the actions call gRPC, which no signal handler may.
#include "interrupt.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <system_error>
#include <utility>

#include "exit_code.h"

namespace novelo::cli {

Interrupt::Interrupt() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal_fd_ = signalfd(-1, &signals, SFD_CLOEXEC);
  stop_fd_ = eventfd(0, EFD_CLOEXEC);
  if (signal_fd_ < 0 || stop_fd_ < 0) throw std::system_error(errno, std::generic_category(), "watching for Ctrl-C");
  thread_ = std::thread([this] { serve(); });
}

Interrupt::~Interrupt() {
  eventfd_write(stop_fd_, 1);
  thread_.join();
  close(signal_fd_);
  close(stop_fd_);
}

void Interrupt::serve() {
  std::array<pollfd, 2> fds{{{signal_fd_, POLLIN, 0}, {stop_fd_, POLLIN, 0}}};
  while (true) {
    if (poll(fds.data(), fds.size(), -1) < 0) continue;  // interrupted: look again
    if (fds[1].revents != 0) return;
    signalfd_siginfo info;
    if (read(signal_fd_, &info, sizeof info) != static_cast<ssize_t>(sizeof info)) continue;
    const bool is_first = !came_.exchange(true, std::memory_order_relaxed);
    absl::MutexLock lock(&mutex_);  // keeps ~Wait from returning while the action runs
    if (!is_first || !action_) _exit(static_cast<int>(ExitCode::kInterrupted));
    action_();
  }
}

Interrupt::Wait::Wait(Interrupt& interrupt, std::function<void()> action) : interrupt_(interrupt) {
  absl::MutexLock lock(&interrupt_.mutex_);
  outer_ = std::exchange(interrupt_.action_, std::move(action));
  if (interrupt_.came()) interrupt_.action_();
}

Interrupt::Wait::~Wait() {
  absl::MutexLock lock(&interrupt_.mutex_);
  interrupt_.action_ = std::move(outer_);
}

}  // namespace novelo::cli
