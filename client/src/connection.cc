// client/src/connection.cc
// Addresses are taken apart here rather than left to gRPC, whose resolver answers a misspelt one with a late
// and general error.
#include "connection.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <algorithm>
#include <cctype>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace novelo::client {
namespace {

absl::Status bad_address(const std::string& text, const std::string& why) {
  return absl::InvalidArgumentError(
      absl::StrCat("\"", text, "\" is no address: ", why, "; write HOST:PORT, [V6]:PORT or unix:/PATH"));
}

bool is_host_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' || c == '_' || c == ':' || c == '%';
}

bool is_this_machine(const std::string& target) {
  return absl::StartsWith(target, "unix:") || absl::StartsWith(target, "127.") ||
         absl::StartsWith(target, "localhost:") || absl::StartsWith(target, "[::1]:");
}

}  // namespace

absl::StatusOr<std::string> normalize_address(const std::string& text) {
  if (text.empty()) return bad_address(text, "it is empty");
  if (absl::StartsWith(text, "unix:")) {
    if (text.size() == 5) return bad_address(text, "the path is missing");
    return text;
  }
  const std::size_t scheme = text.find("://");
  if (scheme != std::string::npos) return bad_address(text, "it is a URL, and novelod takes no scheme");

  std::string host, port;
  if (text.front() == '[') {
    const std::size_t end = text.find(']');
    if (end == std::string::npos) return bad_address(text, "the bracket is not closed");
    host = text.substr(1, end - 1);
    const std::string rest = text.substr(end + 1);
    if (!rest.empty() && rest.front() != ':') return bad_address(text, "a port follows the bracket after a colon");
    port = rest.empty() ? absl::StrCat(kDefaultPort) : rest.substr(1);
  } else if (std::count(text.begin(), text.end(), ':') > 1) {  // a bare v6 address
    host = text;
    port = absl::StrCat(kDefaultPort);
  } else {
    const std::size_t colon = text.find(':');
    host = text.substr(0, colon);
    port = colon == std::string::npos ? absl::StrCat(kDefaultPort) : text.substr(colon + 1);
  }
  if (host.empty()) return bad_address(text, "the host is missing");
  if (!std::all_of(host.begin(), host.end(), is_host_character)) return bad_address(text, "no host has such a name");
  int number = 0;
  if (!absl::SimpleAtoi(port, &number) || number < 1 || number > 65535) {
    return bad_address(text, absl::StrCat("\"", port, "\" is no port from 1 to 65535"));
  }
  if (absl::StrContains(host, ':')) host = absl::StrCat("[", host, "]");
  return absl::StrCat(host, ":", number);
}

std::shared_ptr<grpc::Channel> open_channel(const std::string& target) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kReplyBytesMax);
  arguments.SetMaxSendMessageSize(-1);  // the server's limit counts, and its refusal names it
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kConnectMillisecondsMax);
  if (is_this_machine(target)) arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace novelo::client
