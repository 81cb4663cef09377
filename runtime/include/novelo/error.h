// novelo/error.h
// The exceptions of the runtime. Recoverable errors are absl::Status; these are for misuse by the calling code, for
// leaving a blocking call, and for a program that cannot go on.
#pragma once

#include <exception>
#include <stdexcept>
#include <string>

namespace novelo {

// Misuse by the calling code. Ends at most the goroutine that lets it escape.
class RuntimeError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A send on a closed channel, before or while blocked; a close of a closed or nil channel.
class ChannelClosed : public RuntimeError {
 public:
  using RuntimeError::RuntimeError;
};

// No goroutine can ever run again. Its text lists each one, what it waits for, and for how long.
class DeadlockError : public RuntimeError {
 public:
  using RuntimeError::RuntimeError;
};

// The goroutine used up its stack.
class StackOverflow : public RuntimeError {
 public:
  using RuntimeError::RuntimeError;
};

// What the goroutine wanted to allocate is more than Meter::limit_heap() leaves it.
class HeapLimitExceeded : public RuntimeError {
 public:
  using RuntimeError::RuntimeError;
};

// Leaves a blocking call because the goroutine's scope was cancelled. Let it pass: it unwinds the goroutine.
class Cancelled : public std::exception {
 public:
  const char* what() const noexcept override { return "cancelled"; }
};

// The scope ended by its deadline.
class DeadlineExceeded : public Cancelled {
 public:
  const char* what() const noexcept override { return "deadline exceeded"; }
};

// What join() throws when the goroutine ended by Cancelled.
class JoinCancelled : public Cancelled {
 public:
  const char* what() const noexcept override { return "the joined goroutine was cancelled"; }
};

// What a person is told of it: its what(), or that it is not a std::exception. Not empty: it holds one.
std::string describe_exception(const std::exception_ptr& error);

}  // namespace novelo
