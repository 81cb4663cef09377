// daemon/src/export/http_server.h
// The HTTP side: GET on a few fixed paths, for scrapers and probes.
//
//   threads  civetweb's own, kHttpThreads of them; the pages are made on those and must not wait for goroutines
//   limits   kHttpThreads requests at a time, more wait in the listen queue; a request not complete within
//            kHttpRequestTimeout is dropped
//   tested   tests/unit/daemon/server_test.cc
#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace novelo::daemon {

inline constexpr int kHttpThreads = 4;

struct HttpPage {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

class HttpServer {
 public:
  using Pages = std::map<std::string, std::function<HttpPage()>>;  // by path
  // Listens and serves at once. kUnavailable names the address and why it cannot be had.
  static absl::StatusOr<std::unique_ptr<HttpServer>> start(const std::string& listen, Pages pages);
  ~HttpServer();  // ends the threads

  // Where it listens, with the port it got.
  const std::string& address() const;

 private:
  struct State;
  explicit HttpServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace novelo::daemon
