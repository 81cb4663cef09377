// A signalfd for the system's signals and two eventfds for our own, so that one poll waits for all of them.
#include "signals.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <system_error>

namespace novelo::daemon {
namespace {

sigset_t orders() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGQUIT}) sigaddset(&set, signal);
  return set;
}

int opened(int fd) {
  if (fd < 0) throw std::system_error(errno, std::generic_category(), "no descriptor for signals");
  return fd;
}

int make_signal_fd() {
  const sigset_t set = orders();
  return opened(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

int make_event_fd() {
  return opened(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

bool take(int event_fd) {
  std::uint64_t count = 0;
  return read(event_fd, &count, sizeof(count)) == sizeof(count);
}

void raise_event(int event_fd) {
  const std::uint64_t one = 1;
  // It fails only when the counter is full, and then the reader is told anyway.
  static_cast<void>(!write(event_fd, &one, sizeof(one)));
}

}  // namespace

Signals::Signals() : signal_fd_(make_signal_fd()), stop_fd_(make_event_fd()), quit_fd_(make_event_fd()) {}

Signals::~Signals() {
  for (const int fd : {signal_fd_, stop_fd_, quit_fd_}) close(fd);
}

void Signals::block() {
  const sigset_t set = orders();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

Order Signals::next() {
  while (true) {
    std::array<pollfd, 3> fds = {{{signal_fd_, POLLIN, 0}, {stop_fd_, POLLIN, 0}, {quit_fd_, POLLIN, 0}}};
    if (poll(fds.data(), fds.size(), -1) < 0) continue;
    if (take(quit_fd_)) return Order::kQuit;
    if (take(stop_fd_)) return Order::kStop;
    signalfd_siginfo info{};
    if (read(signal_fd_, &info, sizeof(info)) != sizeof(info)) continue;
    switch (info.ssi_signo) {
      case SIGHUP:
        return Order::kReload;
      case SIGQUIT:
        return Order::kDump;
      default:
        return Order::kStop;
    }
  }
}

void Signals::stop() {
  raise_event(stop_fd_);
}
void Signals::quit() {
  raise_event(quit_fd_);
}

}  // namespace novelo::daemon
