// Eight bytes of ASCII at a time, else sequence by sequence after the table of the Unicode standard.
#include "reflect/utf8.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace novelo::reflect {
namespace {

// What may follow a lead byte: how many bytes, and the range of the first of them, which is where overlong forms,
// surrogates and numbers that are too large show (Unicode, table 3-7).
struct Sequence {
  std::size_t more;
  unsigned char first_min;
  unsigned char first_max;
};

Sequence sequence_after(unsigned char lead) {
  if (lead >= 0xC2 && lead <= 0xDF) return {1, 0x80, 0xBF};
  if (lead == 0xE0) return {2, 0xA0, 0xBF};
  if (lead == 0xED) return {2, 0x80, 0x9F};
  if (lead >= 0xE1 && lead <= 0xEF) return {2, 0x80, 0xBF};
  if (lead == 0xF0) return {3, 0x90, 0xBF};
  if (lead >= 0xF1 && lead <= 0xF3) return {3, 0x80, 0xBF};
  if (lead == 0xF4) return {3, 0x80, 0x8F};
  return {0, 0, 0};
}

}  // namespace

bool is_utf8(std::string_view text) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  const std::size_t size = text.size();
  std::size_t i = 0;
  while (i < size) {
    if (i + 8 <= size) {
      std::uint64_t eight;
      std::memcpy(&eight, bytes + i, sizeof eight);
      if ((eight & 0x8080808080808080u) == 0) {
        i += 8;
        continue;
      }
    }
    if (bytes[i] < 0x80) {
      ++i;
      continue;
    }
    const Sequence sequence = sequence_after(bytes[i]);
    if (sequence.more == 0 || size - i <= sequence.more) return false;
    if (bytes[i + 1] < sequence.first_min || bytes[i + 1] > sequence.first_max) return false;
    for (std::size_t k = 2; k <= sequence.more; ++k) {
      if ((bytes[i + k] & 0xC0) != 0x80) return false;
    }
    i += sequence.more + 1;
  }
  return true;
}

}  // namespace novelo::reflect
