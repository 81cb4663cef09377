// Names as people know them, out of what compilers write.
#include "novelo/reflect/names.h"

#include <initializer_list>

namespace novelo::reflect::internal {

std::string clean_name(std::string_view raw) {
  if (raw.starts_with('&')) raw.remove_prefix(1);
  std::string name(raw);
  for (const std::string_view unnamed : {"{anonymous}::", "<unnamed>::", "(anonymous namespace)::"}) {
    for (std::size_t at = name.find(unnamed); at != std::string::npos; at = name.find(unnamed, at)) {
      name.erase(at, unnamed.size());
    }
  }
  return name;
}

}  // namespace novelo::reflect::internal
