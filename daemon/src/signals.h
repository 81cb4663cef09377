// daemon/src/signals.h
// The signals that are orders, received where it suits us.
//
//   block    Signals::block() before the first thread starts, so that none but next() gets them
//   from     next() by one thread or, inside novelo::blocking(), one goroutine; stop() and quit() from any thread
//   tested   tests/unit/daemon/server_test.cc, tests/e2e/lifecycle_test.py
#pragma once

namespace novelo::daemon {

enum class Order {
  kStop,    // SIGTERM, SIGINT, stop()
  kReload,  // SIGHUP
  kDump,    // SIGQUIT
  kQuit,    // quit(): next() is not to be called again
};

class Signals {
 public:
  Signals();
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  // SIGTERM, SIGINT, SIGHUP and SIGQUIT reach no handler of this thread and those it starts.
  static void block();

  // Waits for the next order.
  Order next();
  // As if SIGTERM had come.
  void stop();
  // Ends the wait for good.
  void quit();

 private:
  const int signal_fd_;
  const int stop_fd_;
  const int quit_fd_;
};

}  // namespace novelo::daemon
