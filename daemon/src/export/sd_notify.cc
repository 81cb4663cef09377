// libsystemd does the talking: it knows every form of $NOTIFY_SOCKET.
#include "export/sd_notify.h"

#include <absl/strings/str_cat.h>
#include <systemd/sd-daemon.h>

#include <cstdint>

namespace novelo::daemon {
namespace {

void tell(const std::string& state) {
  sd_notify(0, state.c_str());
}

}  // namespace

void tell_ready(std::string_view status) {
  tell(absl::StrCat("READY=1\nSTATUS=", std::string(status)));
}
void tell_stopping(std::string_view status) {
  tell(absl::StrCat("STOPPING=1\nSTATUS=", std::string(status)));
}
void tell_reloading() {
  tell("RELOADING=1");
}
void tell_alive() {
  tell("WATCHDOG=1");
}

absl::Duration watchdog_interval() {
  std::uint64_t microseconds = 0;
  if (sd_watchdog_enabled(0, &microseconds) <= 0) return absl::InfiniteDuration();
  return absl::Microseconds(microseconds);
}

}  // namespace novelo::daemon
