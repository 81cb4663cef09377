// daemon/src/exit_code.h
// How novelod ends. daemon/README.md documents each.
#pragma once

namespace novelo::daemon {

enum class ExitCode : int {
  kDone = 0,      // stopped as asked; --help, --version, a right --check-config
  kFailed = 1,    // ended by an error while it served
  kUsage = 2,     // a mistake in the settings: command line, environment or file
  kListen = 3,    // an address to listen on cannot be had: in use, not allowed, not of this machine
  kRegistry = 4,  // the registered tasks contradict each other
};

}  // namespace novelo::daemon
