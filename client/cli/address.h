// client/cli/address.h
// Where the server is: --address, then $NOVELO_ADDRESS, then the current context of the configuration file, then
// 127.0.0.1:7570. Reads one small file at most; tested in tests/unit/client/address_test.cc.
//
// The file is $XDG_CONFIG_HOME/novelo/config.toml, or ~/.config/novelo/config.toml:
//
//   current_context = "lab"
//
//   [contexts.lab]
//   address = "10.0.0.7:7570"
#ifndef NOVELO_CLIENT_CLI_ADDRESS_H_
#define NOVELO_CLIENT_CLI_ADDRESS_H_

#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"

namespace novelo::cli {

// As connection.h fills in a port left out.
inline constexpr char kDefaultAddress[] = "127.0.0.1:7570";

// The value of an environment variable, if it is set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

struct Address {
  std::string target;  // "127.0.0.1:7570", "[::1]:7570", "unix:/run/novelo.sock"
  std::string origin;  // who said so: "--address", "$NOVELO_ADDRESS", "context lab of /home/a/...", "default"
};

// The address to use. An address that cannot be one, and a broken configuration file (with its line and the valid
// choices), are kInvalidArgument.
absl::StatusOr<Address> resolve_address(const std::optional<std::string>& flag, const Environment& environment);

// Where the configuration file is looked for; empty when neither XDG_CONFIG_HOME nor HOME is set.
std::string config_path(const Environment& environment);

}  // namespace novelo::cli

#endif  // NOVELO_CLIENT_CLI_ADDRESS_H_
