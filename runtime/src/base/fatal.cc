// The message is built in a buffer on the stack and written with one write(): the caller may be a signal handler, or
// hold any lock.
#include <unistd.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/check.h"

namespace novelo::rt {

namespace {
char g_note[128];  // always terminated; a message made while it changes shows a part of it
}

void set_fatal_note(std::string_view note) noexcept {
  const std::size_t bytes = std::min(note.size(), sizeof g_note - 1);
  std::memcpy(g_note, note.data(), bytes);
  g_note[bytes] = '\0';
}

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
  if (g_note[0] != '\0') {
    const int noted = std::snprintf(text + used, sizeof text - used - 1, "; %s", g_note);
    used = std::min(used + static_cast<std::size_t>(std::max(noted, 0)), sizeof text - 2);
  }
  text[used++] = '\n';
  const ssize_t ignored = ::write(STDERR_FILENO, text, used);
  static_cast<void>(ignored);
  std::abort();
}

void check_failed(const char* file, int line, const char* condition) noexcept {
  fatal("%s:%d: invariant broken: %s", file, line, condition);
}

}  // namespace novelo::rt
