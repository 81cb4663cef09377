// client/cli/error_text.cc
// gRPC's own words for a connection that failed ("failed to connect to all addresses; last error: UNKNOWN: ...") are
// replaced: only their last part says something.
#include "error_text.h"

#include <google/rpc/error_details.pb.h>

#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "rpc_status.h"
#include "wire_time.h"

namespace novelo::cli {
namespace {

// "Connection refused" of "...; last error: UNKNOWN: ipv4:127.0.0.1:7570: Failed to connect to remote host: Connection
// refused".
std::string connection_words(absl::string_view message) {
  const std::size_t colon = message.rfind(": ");
  return std::string(colon == absl::string_view::npos ? message : message.substr(colon + 2));
}

std::string not_reached(const absl::Status& status, const Address& address) {
  const absl::string_view message = status.message();
  if (absl::StrContains(message, "Socket closed") || absl::StrContains(message, "GOAWAY") ||
      absl::StrContains(message, "reset by peer") || absl::StrContains(message, "Broken pipe")) {
    return absl::StrCat("novelod at ", address.target, " went away before it answered (", connection_words(message),
                        ")");
  }
  return absl::StrCat("no novelod answers at ", address.target, " (address from ", address.origin,
                      "): ", connection_words(message),
                      "\n  Start one with:       novelod"
                      "\n  or name another with: --address HOST:PORT");
}

// One line of every detail that people can use.
std::string details_text(const google::rpc::Status& details, absl::string_view message) {
  std::string text;
  std::string reason;
  for (const google::protobuf::Any& any : details.details()) {
    google::rpc::ErrorInfo info;
    google::rpc::BadRequest bad_request;
    google::rpc::QuotaFailure quota;
    google::rpc::RetryInfo retry;
    google::rpc::PreconditionFailure precondition;
    google::rpc::DebugInfo debug;
    if (any.UnpackTo(&info)) {
      reason = absl::StrCat("\n  reason: ", info.reason());
      for (const auto& [key, value] : info.metadata()) absl::StrAppend(&reason, ", ", key, "=", value);
    } else if (any.UnpackTo(&bad_request)) {
      for (const auto& violation : bad_request.field_violations()) {
        const std::string line = absl::StrCat(violation.field(), ": ", violation.description());
        if (!absl::StrContains(message, line)) absl::StrAppend(&text, "\n  field ", line);
      }
    } else if (any.UnpackTo(&quota)) {
      for (const auto& violation : quota.violations()) {
        absl::StrAppend(&text, "\n  limit ", violation.subject(), violation.subject().empty() ? "" : ": ",
                        violation.description());
      }
    } else if (any.UnpackTo(&precondition)) {
      for (const auto& violation : precondition.violations()) {
        absl::StrAppend(&text, "\n  needs ", violation.subject(), ": ", violation.description());
      }
    } else if (any.UnpackTo(&retry)) {
      absl::StrAppend(&text, "\n  try again in ", absl::FormatDuration(client::to_duration(retry.retry_delay())));
    } else if (any.UnpackTo(&debug)) {
      for (const std::string& entry : debug.stack_entries()) absl::StrAppend(&text, "\n  at ", entry);
    }
  }
  return text + reason;
}

}  // namespace

std::string error_text(const absl::Status& status, const Address& address) {
  if (client::is_not_reached(status)) return not_reached(status, address);
  std::string text(status.message());
  if (absl::IsDeadlineExceeded(status) && (text.empty() || text == "Deadline Exceeded")) {
    text = absl::StrCat("the time was up before novelod at ", address.target, " answered");
  }
  if (text.empty()) text = absl::StatusCodeToString(status.code());
  const std::optional<google::rpc::Status> details = client::details_of(status);
  return details ? text + details_text(*details, status.message()) : text;
}

ExitCode exit_code_of(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return ExitCode::kDone;
    case absl::StatusCode::kInvalidArgument:
      return ExitCode::kUsage;
    case absl::StatusCode::kNotFound:
      return ExitCode::kNotFound;
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
      return ExitCode::kNotPermitted;
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kAborted:
      return ExitCode::kPrecondition;
    case absl::StatusCode::kUnavailable:
      return ExitCode::kServerNotReached;
    case absl::StatusCode::kResourceExhausted:
      return ExitCode::kLimit;
    case absl::StatusCode::kCancelled:
      return ExitCode::kCancelled;
    case absl::StatusCode::kDeadlineExceeded:
      return ExitCode::kDeadlineExceeded;
    default:
      return ExitCode::kTaskFailed;
  }
}

}  // namespace novelo::cli
