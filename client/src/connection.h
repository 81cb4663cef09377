// client/src/connection.h
// The way to one novelod: an address as people write it, made into a gRPC channel.
// Used by the client library and the command line; thread-safe once made. Making one does not connect: the first call
// does. Tested in tests/unit/client/connection_test.cc.
#ifndef NOVELO_CLIENT_SRC_CONNECTION_H_
#define NOVELO_CLIENT_SRC_CONNECTION_H_

#include <grpcpp/channel.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace novelo::client {

inline constexpr int kDefaultPort = 7570;
// Longest reply message the client takes; a larger one ends its call with kResourceExhausted.
inline constexpr int kReplyBytesMax = 256 << 20;
// How long one attempt to connect may take before the server counts as not reached.
inline constexpr int kConnectMillisecondsMax = 5000;

// "host:port", "[v6]:port" or "unix:/path" of what a person wrote: a port left out is 7570, a bare v6 address gets its
// brackets. kInvalidArgument says what is wrong with one that cannot be an address.
absl::StatusOr<std::string> normalize_address(const std::string& text);

// A channel to `target`, which normalize_address() made. HTTP proxies of the environment are not used for this machine.
std::shared_ptr<grpc::Channel> open_channel(const std::string& target);

}  // namespace novelo::client

#endif  // NOVELO_CLIENT_SRC_CONNECTION_H_
