// Parsing by hand: an address is short and the errors should say what is wrong with it.
#include "address.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace novelo::daemon {

bool Address::is_local() const {
  return is_unix() || host == "localhost" || host == "::1" || host.starts_with("127.");
}

std::string Address::text() const {
  if (is_unix()) return "unix:" + host;
  return absl::StrCat(host.find(':') == std::string::npos ? host : absl::StrCat("[", host, "]"), ":", port);
}

absl::StatusOr<Address> parse_address(std::string_view text) {
  const std::string whole(text);
  if (text.starts_with("unix:")) {
    text.remove_prefix(5);
    if (text.empty()) return absl::InvalidArgumentError("\"unix:\" lacks a path: write unix:/run/novelod.sock");
    return Address{std::string(text), -1};
  }
  const auto refused = [&whole](std::string_view why) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", whole, "\" ", std::string(why), ": write host:port, [v6]:port or unix:/path"));
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return refused("has no port");
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return refused("has an IPv6 address without brackets");
  }
  if (host.empty()) return refused("has no host (0.0.0.0 means all of IPv4, [::] all)");
  int port = 0;
  const std::string_view digits = text.substr(colon + 1);
  if (!absl::SimpleAtoi(absl::string_view(digits.data(), digits.size()), &port) || port < 0 || port > 65535) {
    return refused("has no port from 0 to 65535");
  }
  return Address{std::string(host), port};
}

std::string why_not_listen(const Address& address) {
  std::string why = "it cannot be had";
  if (address.is_unix()) return why;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const std::string port = absl::StrCat(address.port);
  if (const int error = getaddrinfo(address.host.c_str(), port.c_str(), &hints, &found); error != 0)
    return gai_strerror(error);
  const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd >= 0) {
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, found->ai_addr, found->ai_addrlen) != 0 || listen(fd, 1) != 0) why = std::strerror(errno);
    close(fd);
  }
  freeaddrinfo(found);
  return why;
}

}  // namespace novelo::daemon
