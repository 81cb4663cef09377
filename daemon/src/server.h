// daemon/src/server.h
// novelod as a whole, from its settings to its end.
//
//   states   STARTING -> READY -> DRAINING -> STOPPED, each entered once
//     READY     serves; SIGHUP reads settings again, SIGQUIT lists the goroutines
//     DRAINING  /readyz is 503 and health NOT_SERVING; new work is refused, what runs may go on until drain_timeout
//               or a second SIGTERM, then it is cancelled; jobs and node can be asked about until all work has ended
//     STOPPED   nothing listens
//   from     run() is the main goroutine; stop() from any thread
//   tested   tests/unit/daemon/server_test.cc, tests/e2e/lifecycle_test.py
#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>
#include <novelo/chan.h>
#include <novelo/runtime.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "config/config.h"
#include "exit_code.h"
#include "novelo/v1/node.pb.h"
#include "signals.h"

namespace novelo::daemon {

// After the order to cancel, how long work may take to leave. Work that never calls the runtime cannot be made to.
inline constexpr absl::Duration kCancelGrace = absl::Seconds(5);

struct ServerOptions {
  Config config;
  // Reads the settings again, for SIGHUP.
  std::function<absl::StatusOr<LoadedConfig>()> reload;
  // Told once, when the server is READY. May be empty.
  std::function<void()> on_ready;
  // Told when work has not left within kCancelGrace; not to return. Empty: wait for ever.
  std::function<void()> on_stuck;
};

class Server {
 public:
  // `poster` is that of the runtime that run() will run in.
  Server(ServerOptions options, const Poster& poster);
  ~Server();

  // Serves until it is told to stop.
  ExitCode run();
  // As SIGTERM.
  void stop();

  // From on_ready on.
  const std::string& grpc_address() const;
  const std::string& http_address() const;  // empty: no HTTP side

 private:
  struct Parts;
  absl::Status start();
  void serve();
  void drain(const RecvChan<Order>& orders, const SendChan<absl::Time>& calls_end, const RecvChan<Unit>& ended);
  bool wait_until_idle(const RecvChan<Order>& orders);
  void reload();
  v1::Node describe() const;
  void set_state(v1::NodeState state) { state_.store(state, std::memory_order_relaxed); }

  const ServerOptions options_;
  const Poster poster_;
  const absl::Time start_time_;
  Signals signals_;
  std::atomic<v1::NodeState> state_{v1::NODE_STATE_STARTING};
  std::unique_ptr<Parts> parts_;
  ExitCode failure_ = ExitCode::kFailed;  // what an error of start() ends in
};

}  // namespace novelo::daemon
