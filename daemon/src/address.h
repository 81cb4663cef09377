// daemon/src/address.h
// Addresses to listen on, as settings write them: "host:port", "[v6]:port", "unix:/path".
//
//   tested  tests/unit/daemon/config_test.cc
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <string_view>

namespace novelo::daemon {

struct Address {
  std::string host;  // without brackets; the path of a unix socket
  int port = 0;      // -1 for a unix socket

  bool is_unix() const { return port < 0; }
  // Whether only this machine reaches it: loopback or a unix socket.
  bool is_local() const;
  // "127.0.0.1:7570", "[::1]:7570", "unix:/path".
  std::string text() const;
};

absl::StatusOr<Address> parse_address(std::string_view text);

// Why nobody can listen there now, in the system's words: for libraries that tell only that they could not. Tries to
// bind; blocks while the host's name is looked up.
std::string why_not_listen(const Address& address);

}  // namespace novelo::daemon
