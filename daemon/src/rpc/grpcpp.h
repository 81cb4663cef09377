// daemon/src/rpc/grpcpp.h
// The gRPC C++ transport: every call reaches the Router through one generic callback service.
//
//   threads   gRPC's own threads run the reactions: each hands on with one channel operation or one push into the
//             runtime and returns; none waits for a goroutine and none takes a processor
//   call      one goroutine, the root of a scope of its own. The caller's cancellation and a broken connection cancel
//             that scope; the call's deadline ends it by itself
//   buffers   one message each way: a caller that does not read holds back the goroutine that writes
//   memory    gRPC collects a message before it looks at its size; max_buffered_bytes bounds that for all calls
//             together, and beyond it gRPC slows callers down, then resets their streams (RESOURCE_EXHAUSTED without
//             our words)
//   limits    a message beyond max_message_bytes, and a call beyond max_calls, are RESOURCE_EXHAUSTED and name the
//   limit tested    tests/unit/daemon/server_test.cc
#pragma once

#include <absl/status/statusor.h>
#include <novelo/runtime.h>

#include <cstdint>
#include <memory>
#include <string>

#include "rpc/transport.h"

namespace novelo::daemon {

struct GrpcOptions {
  std::string listen;  // "127.0.0.1:7570"; port 0 takes a free one
  std::int64_t max_message_bytes = 0;
  std::int64_t max_calls = 0;
  std::int64_t max_buffered_bytes = 0;  // of all calls together, whatever their size
};

// Told when a call is turned away before it reached a method; `reason` is a word of our own, never the caller's.
class AdmissionObserver {
 public:
  virtual ~AdmissionObserver() = default;
  virtual void rejected(std::string_view reason) = 0;
};

class GrpcServer {
 public:
  // Listens and serves at once. `router`, the observers and the runtime behind `poster` outlive the server.
  // kUnavailable names the address and why it cannot be had.
  static absl::StatusOr<std::unique_ptr<GrpcServer>> start(const GrpcOptions& options, const Router& router,
                                                           const Poster& poster, CallObserver* calls,
                                                           AdmissionObserver* admission);
  // Requires: stop() has returned.
  ~GrpcServer();

  // Where it listens, with the port it got: "127.0.0.1:41234".
  const std::string& address() const;
  // Calls being served now.
  std::int64_t calls() const;
  // Tells callers to go away and takes no new call; those running get until `deadline`, then they are cancelled.
  // Returns when all have ended. Blocks the thread: call it inside novelo::blocking().
  void stop(absl::Time deadline);

 private:
  struct State;
  explicit GrpcServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace novelo::daemon
