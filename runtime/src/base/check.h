// runtime/src/base/check.h
// NOVELO_CHECK, for the invariants of the runtime itself, and fatal(), the one way it ends the process.
//
//   who    any code of the runtime, on any stack, signal handlers included (fatal() allocates nothing)
//   cost   one predictable branch; NOVELO_DCHECK costs nothing in release builds
//   tested tests/unit/base/check_test.cc
#pragma once

#include <string_view>

namespace novelo::rt {

// Writes "novelo: fatal: <message>" to standard error and aborts. `format` is printf's.
[[noreturn]] void fatal(const char* format, ...) noexcept __attribute__((format(printf, 1, 2)));

// What fatal() adds to its message until it is set anew: at most 127 bytes. By one thread at a time.
void set_fatal_note(std::string_view note) noexcept;

[[noreturn]] void check_failed(const char* file, int line, const char* condition) noexcept;

}  // namespace novelo::rt

#define NOVELO_CHECK(condition)                                             \
  (__builtin_expect(static_cast<bool>(condition), 1) ? static_cast<void>(0) \
                                                     : ::novelo::rt::check_failed(__FILE__, __LINE__, #condition))

#if defined(NDEBUG)
#define NOVELO_DCHECK(condition) static_cast<void>(sizeof(static_cast<bool>(condition)))
#else
#define NOVELO_DCHECK(condition) NOVELO_CHECK(condition)
#endif
