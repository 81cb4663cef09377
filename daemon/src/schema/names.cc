// ASCII only, as identifiers of C++ and protobuf are.
#include "schema/names.h"

#include <absl/strings/ascii.h>

#include <cstddef>

namespace novelo::daemon {

std::string pascal_case(std::string_view snake) {
  std::string out;
  bool up = true;
  for (char c : snake) {
    if (c == '_') {
      up = true;
      continue;
    }
    out.push_back(up ? absl::ascii_toupper(static_cast<unsigned char>(c)) : c);
    up = false;
  }
  return out;
}

std::string snake_case(std::string_view pascal) {
  std::string out;
  for (std::size_t i = 0; i < pascal.size(); ++i) {
    const auto c = static_cast<unsigned char>(pascal[i]);
    const bool is_upper = absl::ascii_isupper(c);
    // A word begins at an upper letter after a lower one, and at the last upper letter of a run: "JSONFile".
    const bool after_lower =
        i > 0 && !absl::ascii_isupper(static_cast<unsigned char>(pascal[i - 1])) && pascal[i - 1] != '_';
    const bool before_lower = i > 0 && i + 1 < pascal.size() &&
                              absl::ascii_islower(static_cast<unsigned char>(pascal[i + 1])) && pascal[i - 1] != '_';
    if (is_upper && (after_lower || before_lower)) out.push_back('_');
    out.push_back(absl::ascii_tolower(c));
  }
  return out;
}

std::string upper_snake_case(std::string_view name) {
  if (name.size() > 1 && name[0] == 'k' && absl::ascii_isupper(static_cast<unsigned char>(name[1])))
    name.remove_prefix(1);
  return absl::AsciiStrToUpper(snake_case(name));
}

}  // namespace novelo::daemon
