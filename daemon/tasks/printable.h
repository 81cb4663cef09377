// daemon/tasks/printable.h
// File names and lines as text that may travel in a message.
//
//   used by     text.grep; a pure function
//   checked by  tests/unit/tasks/printable_test.cc
#pragma once

#include <string>
#include <string_view>

namespace text {

// `bytes` with U+FFFD for each byte that is not part of well-formed UTF-8.
std::string printable(std::string_view bytes);

}  // namespace text
