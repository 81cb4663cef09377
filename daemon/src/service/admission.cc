// A lock, not an atomic: closing and the last leaving must agree on who closes the channel.
#include "service/admission.h"

#include "rpc/error.h"

namespace novelo::daemon {
namespace {

absl::Status draining() {
  return Error(absl::StatusCode::kUnavailable, "NODE_DRAINING", "the node is stopping and takes no new work")
      .retry_after(absl::Seconds(1));
}

}  // namespace

absl::Status Admission::admit() const {
  const std::lock_guard lock(mutex_);
  return is_open_ ? absl::OkStatus() : draining();
}

absl::Status Admission::enter() {
  const std::lock_guard lock(mutex_);
  if (!is_open_) return draining();
  ++inside_;
  return absl::OkStatus();
}

void Admission::leave() {
  const std::lock_guard lock(mutex_);
  --inside_;
  if (!is_open_ && inside_ == 0) idle_.close();
}

void Admission::close() {
  const std::lock_guard lock(mutex_);
  if (!is_open_) return;
  is_open_ = false;
  if (inside_ == 0) idle_.close();
}

std::int64_t Admission::inside() const {
  const std::lock_guard lock(mutex_);
  return inside_;
}

}  // namespace novelo::daemon
