// 48 bits of milliseconds and 12 of a count are one number that only rises; the rest is chance.
#include "job/job_id.h"

#include <absl/strings/str_format.h>

#include <algorithm>

namespace novelo::daemon {

std::string JobIds::next(absl::Time now) {
  const std::lock_guard lock(mutex_);
  last_ = std::max(last_ + 1, static_cast<std::uint64_t>(absl::ToUnixMillis(now)) << 12);
  const std::uint64_t milliseconds = last_ >> 12;
  const std::uint64_t high = milliseconds << 16 | 0x7000 | (last_ & 0xFFF);  // time, version 7, count
  const std::uint64_t low = (absl::Uniform<std::uint64_t>(random_) >> 2) | std::uint64_t{1} << 63;  // variant 10
  return absl::StrFormat("%08x-%04x-%04x-%04x-%012x", high >> 32, high >> 16 & 0xFFFF, high & 0xFFFF, low >> 48,
                         low & 0xFFFFFFFFFFFF);
}

}  // namespace novelo::daemon
