// The runtime of the node lives on a thread of its own; the test is a foreign thread, as any client.
#include "test_node.h"

#include <absl/strings/numbers.h>
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <sstream>
#include <stdexcept>

#include "address.h"
#include "export/log.h"

namespace novelo::daemon {

TestNode::TestNode(Config config) {
  start_log("warn", "text");
  config.node_name = "test";
  config.grpc_listen = "127.0.0.1:0";
  config.http_listen = "127.0.0.1:0";
  std::future<void> ready = ready_.get_future();
  ended_ = std::async(std::launch::async, [this, config] {
    RuntimeOptions options;
    options.max_goroutines = static_cast<std::size_t>(config.runtime_max_goroutines);
    Runtime runtime(std::move(options));
    const Poster poster = runtime.poster();
    return runtime.run([&] {
      Server server({.config = config,
                     .reload = nullptr,
                     .on_ready =
                         [&] {
                           server_ = &server;
                           grpc_address_ = server.grpc_address();
                           http_address_ = server.http_address();
                           ready_.set_value();
                         },
                     .on_stuck = nullptr},
                    poster);
      return server.run();
    });
  });
  ready.get();
  channel_ = grpc::CreateChannel(grpc_address_, grpc::InsecureChannelCredentials());
}

TestNode::~TestNode() {
  if (ended_.valid()) stop();
}

ExitCode TestNode::stop() {
  server_->stop();
  return ended_.get();
}

std::pair<int, std::string> TestNode::http_get(const std::string& path) const {
  const Address address = *parse_address(http_address_);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(address.port));
  inet_pton(AF_INET, address.host.c_str(), &to.sin_addr);
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0) throw std::runtime_error("no HTTP side");
  const std::string request = "GET " + path + " HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n";
  if (send(fd, request.data(), request.size(), 0) < 0) throw std::runtime_error("cannot send");
  std::string answer;
  std::array<char, 4096> piece{};
  for (ssize_t size = 0; (size = recv(fd, piece.data(), piece.size(), 0)) > 0;) {
    answer.append(piece.data(), static_cast<std::size_t>(size));
  }
  close(fd);
  const std::size_t body = answer.find("\r\n\r\n");
  return {std::stoi(answer.substr(9, 3)), body == std::string::npos ? "" : answer.substr(body + 4)};
}

double TestNode::sample(const std::string& name) const {
  std::istringstream lines(http_get("/metrics").second);
  for (std::string line; std::getline(lines, line);) {
    double value = 0;
    if (line.starts_with(name + " ") && absl::SimpleAtod(line.substr(name.size() + 1), &value)) return value;
  }
  return -1;
}

double TestNode::sum(const std::string& family) const {
  std::istringstream lines(http_get("/metrics").second);
  double sum = 0;
  for (std::string line; std::getline(lines, line);) {
    double value = 0;
    if (line.starts_with(family + "{") && absl::SimpleAtod(line.substr(line.rfind(' ') + 1), &value)) sum += value;
  }
  return sum;
}

}  // namespace novelo::daemon
