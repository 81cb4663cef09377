// A sorted map: methods are added at the start and looked up by calls, and a page of names should be in order.
#include <absl/strings/str_cat.h>
#include <novelo/error.h>
#include <novelo/go.h>

#include <exception>

#include "nearest.h"
#include "rpc/error.h"
#include "rpc/transport.h"

namespace novelo::daemon {
namespace {

constexpr std::size_t kShownPathMax = 128;

absl::Status run_handler(const Method& method, Call& call) {
  try {
    absl::Status status = with_deadline(call.deadline(), [&] { return method.handler(call); });
    if (absl::IsDeadlineExceeded(status)) return with_reason(status, "CALL_DEADLINE");
    return status;
  } catch (const Cancelled&) {
    // The transport watches the deadline too, and may have been first.
    if (absl::Now() >= call.deadline()) {
      return Error(absl::StatusCode::kDeadlineExceeded, "CALL_DEADLINE", "the deadline of the call passed");
    }
    return Error(absl::StatusCode::kCancelled, "CALL_CANCELLED", "the call was cancelled");
  } catch (const std::exception& error) {
    return Error(absl::StatusCode::kInternal, "HANDLER_THREW", error.what());
  }
}

}  // namespace

void Router::add(std::string path, Handler handler) {
  std::string key = path;
  methods_.emplace(std::move(key), Method{std::move(path), std::move(handler)});
}

const Method* Router::find(std::string_view path) const {
  const auto found = methods_.find(path);
  return found == methods_.end() ? nullptr : &found->second;
}

absl::Status Router::unknown(std::string_view path) const {
  std::vector<std::string_view> paths;
  paths.reserve(methods_.size());
  for (const auto& [known, method] : methods_) paths.push_back(known);
  const std::string shown(path.substr(0, kShownPathMax));
  return Error(absl::StatusCode::kUnimplemented, "METHOD_NOT_FOUND",
               absl::StrCat("no method is called ", shown, suggestion(path.substr(0, kShownPathMax), paths)))
      .resource("method", shown);
}

std::vector<const Method*> Router::methods() const {
  std::vector<const Method*> all;
  for (const auto& [path, method] : methods_) all.push_back(&method);
  return all;
}

absl::Status serve(const Method& method, Call& call, CallObserver* observer) {
  const absl::Time begin = absl::Now();
  if (observer != nullptr) observer->started(method);
  absl::Status status = run_handler(method, call);
  if (observer != nullptr) observer->handled(method, status.code(), absl::Now() - begin);
  return status;
}

}  // namespace novelo::daemon
