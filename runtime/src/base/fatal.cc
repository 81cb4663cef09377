// The message is built in a buffer on the stack and written with one write(): the caller may be a signal handler, or
// hold any lock.
#include <unistd.h>

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/check.h"

namespace novelo::rt {

void fatal(const char* format, ...) noexcept {
  char text[1024];
  constexpr char kPrefix[] = "novelo: fatal: ";
  std::memcpy(text, kPrefix, sizeof kPrefix - 1);
  std::size_t used = sizeof kPrefix - 1;
  va_list arguments;
  va_start(arguments, format);
  const int written = std::vsnprintf(text + used, sizeof text - used - 1, format, arguments);
  va_end(arguments);
  if (written > 0) used += static_cast<std::size_t>(written);
  if (used > sizeof text - 2) used = sizeof text - 2;
  text[used++] = '\n';
  const ssize_t ignored = ::write(STDERR_FILENO, text, used);
  static_cast<void>(ignored);
  std::abort();
}

void check_failed(const char* file, int line, const char* condition) noexcept {
  fatal("%s:%d: invariant broken: %s", file, line, condition);
}

}  // namespace novelo::rt
