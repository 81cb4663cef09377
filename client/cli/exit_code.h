// client/cli/exit_code.h
// What the exit status of `novelo` means. The numbers are part of the command line's contract: scripts compare them.
#ifndef NOVELO_CLIENT_CLI_EXIT_CODE_H_
#define NOVELO_CLIENT_CLI_EXIT_CODE_H_

namespace novelo::cli {

enum class ExitCode : int {
  kDone = 0,
  kTaskFailed = 1,          // the task (or its job) ended with an error of its own
  kUsage = 2,               // the command line, a field's value or the configuration is wrong
  kNotFound = 3,            // no task or job of that name
  kNotPermitted = 4,        // not allowed, or not known who asks
  kPrecondition = 5,        // exists already, or is not in the state the command needs
  kServerNotReached = 6,    // no novelod there, or it went away or is leaving
  kLimit = 7,               // refused by a limit
  kCancelled = 8,           // cancelled by somebody else
  kDeadlineExceeded = 124,  // as timeout(1)
  kInterrupted = 130,       // as a shell reports SIGINT
};

}  // namespace novelo::cli

#endif  // NOVELO_CLIENT_CLI_EXIT_CODE_H_
