// civetweb comes with prometheus-cpp. Its exposer is not used: it would add metrics of its own and serve one path.
#include "export/http_server.h"

#include <CivetServer.h>
#include <absl/strings/str_cat.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <exception>
#include <thread>
#include <vector>

#include "address.h"
#include "export/log.h"

namespace novelo::daemon {
namespace {

constexpr const char* kHttpRequestTimeoutMs = "10000";
constexpr std::chrono::milliseconds kKnockInterval{10};

class PageHandler final : public CivetHandler {
 public:
  explicit PageHandler(std::function<HttpPage()> make) : make_(std::move(make)) {}

  bool handleGet(CivetServer*, mg_connection* connection) override { return answer(connection, true); }
  bool handleHead(CivetServer*, mg_connection* connection) override { return answer(connection, false); }

 private:
  bool answer(mg_connection* connection, bool with_body) const {
    const HttpPage page = make_();
    mg_printf(
        connection, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nCache-Control: no-store\r\n\r\n",
        page.status, mg_get_response_code_text(connection, page.status), page.content_type.c_str(), page.body.size());
    if (with_body) mg_write(connection, page.body.data(), page.body.size());
    return true;
  }

  const std::function<HttpPage()> make_;
};

// Makes a connection and ends it.
void knock(const std::string& host, int port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), absl::StrCat(port).c_str(), &hints, &found) != 0) return;
  const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd >= 0) {
    static_cast<void>(connect(fd, found->ai_addr, found->ai_addrlen));
    close(fd);
  }
  freeaddrinfo(found);
}

int log_civetweb(const mg_connection*, const char* message) {
  log(LogLevel::kDebug, message, {{"side", "http"}});
  return 1;
}

}  // namespace

struct HttpServer::State {
  std::vector<std::unique_ptr<PageHandler>> handlers;
  CivetCallbacks callbacks;
  std::unique_ptr<CivetServer> server;
  std::string address;
  std::string host;
  int port = 0;
};

HttpServer::HttpServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

// civetweb looks whether it is to stop when a connection comes, and otherwise each two seconds: so connections come.
HttpServer::~HttpServer() {
  if (state_->server == nullptr) return;
  std::jthread knocker;
  try {
    knocker = std::jthread([port = state_->port, host = state_->host](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        knock(host, port);
        std::this_thread::sleep_for(kKnockInterval);
      }
    });
  } catch (const std::exception&) {
    // Without memory for a thread it takes the two seconds.
  }
  state_->server.reset();
}

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::start(const std::string& listen, Pages pages) {
  absl::StatusOr<Address> address = parse_address(listen);
  if (!address.ok()) return address.status();
  // civetweb takes addresses, not names.
  if (address->host == "localhost") address->host = "127.0.0.1";
  auto state = std::make_unique<State>();
  state->callbacks.log_message = log_civetweb;
  const std::vector<std::string> options = {
      "listening_ports",    address->text(),       "num_threads", absl::StrCat(kHttpThreads),
      "request_timeout_ms", kHttpRequestTimeoutMs, "tcp_nodelay", "1"};
  try {
    state->server = std::make_unique<CivetServer>(options, &state->callbacks);
  } catch (const CivetException&) {
    return absl::UnavailableError(absl::StrCat("cannot listen on ", listen, ": ", why_not_listen(*address)));
  }
  address->port = state->server->getListeningPorts().at(0);
  state->address = address->text();
  state->host = address->host;
  state->port = address->port;
  for (auto& [path, make] : pages) {
    state->handlers.push_back(std::make_unique<PageHandler>(std::move(make)));
    state->server->addHandler(absl::StrCat(path, "$"), state->handlers.back().get());
  }
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
}

const std::string& HttpServer::address() const {
  return state_->address;
}

}  // namespace novelo::daemon
