// daemon/src/rpc/transport.h
// Calls as the services see them: goroutines that read and write messages as bytes. No service knows what carries them.
//
//   Call       one call, used by the goroutine that serves it and the goroutines that one waits for
//   Method     a path and what serves it; made before anything is served, never changed
//   Router     all methods; find() from any thread, without a lock
//   serve()    runs a method for a call: deadline, exceptions, observers. A transport calls it on a goroutine it can
//   cancel observers  are told of each call; they neither park nor take long tested tests/unit/daemon/router_test.cc,
//   tests/unit/daemon/server_test.cc
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace novelo::daemon {

class Call {
 public:
  Call() = default;
  virtual ~Call() = default;
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  // Who calls, in the transport's words: "ipv4:127.0.0.1:40312".
  virtual std::string_view peer() const = 0;
  // InfiniteFuture when the caller set none.
  virtual absl::Time deadline() const = 0;
  // The first value of a metadata key (lower case); nullopt: not sent.
  virtual std::optional<std::string> metadata(std::string_view key) const = 0;

  // The next message; nullopt when the caller has sent the last. Blocks. By one goroutine at a time.
  virtual absl::StatusOr<std::optional<std::string>> read() = 0;
  // Blocks until the transport wants more. By one goroutine at a time; not after write_last().
  virtual absl::Status write(std::string message) = 0;
  // The last message: sent together with an OK status when the handler returns; dropped when it returns an error.
  virtual void write_last(std::string message) = 0;
};

// Serves one call: returns its trailing status. Exceptions are allowed.
using Handler = std::function<absl::Status(Call&)>;

struct Method {
  std::string path;  // "/novelo.v1.TaskService/ListTasks"
  Handler handler;
};

class CallObserver {
 public:
  virtual ~CallObserver() = default;
  virtual void started(const Method& method) = 0;
  virtual void handled(const Method& method, absl::StatusCode code, absl::Duration took) = 0;
};

class Router {
 public:
  // Requires: no method has that path yet.
  void add(std::string path, Handler handler);
  const Method* find(std::string_view path) const;
  // UNIMPLEMENTED, with the path spelled most alike.
  absl::Status unknown(std::string_view path) const;
  std::vector<const Method*> methods() const;  // by path

 private:
  std::map<std::string, Method, std::less<>> methods_;
};

// Runs the handler within the call's deadline and turns what it throws into a status; the goroutines it started have
// ended when this returns. `observer` may be null. Requires: a goroutine.
absl::Status serve(const Method& method, Call& call, CallObserver* observer);

}  // namespace novelo::daemon
