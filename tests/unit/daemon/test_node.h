// tests/unit/daemon/test_node.h
// A whole novelod inside the test, on free ports, and a real gRPC channel to it. One at a time.
#pragma once

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <future>
#include <memory>
#include <string>
#include <thread>

#include "config/config.h"
#include "server.h"

namespace novelo::daemon {

class TestNode {
 public:
  explicit TestNode(Config config = {});
  ~TestNode();  // stops it and waits for its end

  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }
  const std::string& grpc_address() const { return grpc_address_; }
  Server& server() { return *server_; }
  // Stops it and waits for its end.
  ExitCode stop();
  // Body and status of a GET.
  std::pair<int, std::string> http_get(const std::string& path) const;
  // The value of a sample, by its whole name and labels as the scrape has them; -1: there is none.
  double sample(const std::string& name) const;
  // Of all samples of a metric, in one scrape.
  double sum(const std::string& family) const;

 private:
  Server* server_ = nullptr;
  std::string grpc_address_;
  std::string http_address_;
  std::shared_ptr<grpc::Channel> channel_;
  std::promise<void> ready_;
  std::future<ExitCode> ended_;
};

}  // namespace novelo::daemon
