// tests/unit/reflect/wire_bytes.h
// Bytes of messages as people write them: "08 96 01".
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace novelo::reflect {

inline int hex_digit(char c) {
  return c <= '9' ? c - '0' : c - 'a' + 10;
}

inline std::string operator""_hex(const char* text, std::size_t size) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < size; i += text[i] == ' ' ? 1 : 2) {
    if (text[i] != ' ') bytes.push_back(static_cast<char>(hex_digit(text[i]) * 16 + hex_digit(text[i + 1])));
  }
  return bytes;
}

inline std::string to_hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    if (!text.empty()) text += ' ';
    text += kDigits[static_cast<unsigned char>(c) >> 4];
    text += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

}  // namespace novelo::reflect
