// daemon/src/export/sd_notify.h
// What systemd is told: ready, alive, stopping. Without a manager that asked for it ($NOTIFY_SOCKET) nothing is sent.
//
//   from    any thread or goroutine; one datagram
//   tested  tests/unit/daemon/sd_notify_test.cc
#pragma once

#include <absl/time/time.h>

#include <string>
#include <string_view>

namespace novelo::daemon {

void tell_ready(std::string_view status);     // READY=1, STATUS=
void tell_stopping(std::string_view status);  // STOPPING=1, STATUS=
void tell_reloading();                        // RELOADING=1; tell_ready() ends it
void tell_alive();                            // WATCHDOG=1

// How often the manager wants to hear tell_alive() at the least; infinite: it does not.
absl::Duration watchdog_interval();

}  // namespace novelo::daemon
