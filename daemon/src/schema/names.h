// daemon/src/schema/names.h
// The same name in the spellings of C++, protobuf and file names.
//
//   tested  tests/unit/daemon/type_files_test.cc
#pragma once

#include <string>
#include <string_view>

namespace novelo::daemon {

std::string pascal_case(std::string_view snake);      // "word_count" -> "WordCount"
std::string snake_case(std::string_view pascal);      // "WordCountRequest" -> "word_count_request"
std::string upper_snake_case(std::string_view name);  // "kDarkRed", "DarkRed" -> "DARK_RED"

}  // namespace novelo::daemon
