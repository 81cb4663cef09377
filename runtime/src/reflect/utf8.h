// runtime/src/reflect/utf8.h
// Whether a text may be a protobuf string.
//
//   used by     wire_encode.cc, wire_decode.cc; a pure function, about a byte a cycle, eight for ASCII
//   checked by  tests/unit/reflect/utf8_test.cc
#pragma once

#include <string_view>

namespace novelo::reflect {

// True for well-formed UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_utf8(std::string_view text);

}  // namespace novelo::reflect
