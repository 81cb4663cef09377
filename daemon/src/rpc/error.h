// daemon/src/rpc/error.h
// Errors as the service contract wants them: an absl::Status that carries the details of google.rpc.Status.
//
//   form    each detail is a payload of the status, keyed by its type URL ("type.googleapis.com/google.rpc.ErrorInfo")
//   rule    what leaves the daemon has exactly one ErrorInfo{reason, domain "novelo"}; a status made elsewhere gets one
//           on the way out, with its code's name as the reason
//   limit   the encoded form fits a gRPC trailer: message to 1 KiB, details to 4 KiB; longer ones are cut or left out
//   tested  tests/unit/daemon/error_test.cc
#pragma once

#include <absl/status/status.h>
#include <absl/time/time.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "google/rpc/status.pb.h"

namespace novelo::daemon {

inline constexpr std::string_view kErrorDomain = "novelo";
inline constexpr std::size_t kErrorMessageBytesMax = 1024;
inline constexpr std::size_t kErrorDetailBytesMax = 4096;

// Builds an error piece by piece:
//   return Error(absl::StatusCode::kNotFound, "JOB_NOT_FOUND", "no job has the id " + id).resource("job", id);
class Error {
 public:
  // `reason` is UPPER_SNAKE and says what kind of error it is to a program; `message` says it to a person.
  Error(absl::StatusCode code, std::string_view reason, std::string_view message);

  // One more ErrorInfo.metadata entry.
  Error& metadata(std::string_view key, std::string_view value);
  // One more BadRequest violation: which field, and why it was refused.
  Error& field(std::string_view field, std::string_view why);
  // A QuotaFailure: whose limit, and which one with its value.
  Error& quota(std::string_view subject, std::string_view description);
  // A RetryInfo: not before so long may the caller try again.
  Error& retry_after(absl::Duration delay);
  // A ResourceInfo: the kind and name of the thing the error is about.
  Error& resource(std::string_view type, std::string_view name);

  operator absl::Status() const { return status_; }  // NOLINT(google-explicit-constructor): an Error is returned as one
  absl::Status status() const { return status_; }

 private:
  absl::Status status_;
};

// A field of a request has a value it cannot have.
Error bad_field(std::string_view field, std::string_view why);

// The reason of `status`'s ErrorInfo; empty if it has none.
std::string reason_of(const absl::Status& status);

// `status` with an ErrorInfo{reason}, unless it has one. OK stays OK.
absl::Status with_reason(absl::Status status, std::string_view reason);

// The wire form, within the limits above. Text that is not UTF-8 is made so.
google::rpc::Status to_proto(const absl::Status& status);
absl::Status from_proto(const google::rpc::Status& status);

}  // namespace novelo::daemon
