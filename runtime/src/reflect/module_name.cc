// The dynamic loader knows which file was mapped where; the program itself is the one that holds the program headers
// the kernel speaks of.
#include "reflect/module_name.h"

#include <dlfcn.h>
#include <sys/auxv.h>

#include <bit>
#include <string_view>

namespace novelo::internal {
namespace {

// Where the file that holds `address` was mapped; nullptr in a program that is not dynamically linked.
const void* base_of(const void* address) {
  Dl_info info;
  return dladdr(address, &info) != 0 ? info.dli_fbase : nullptr;
}

}  // namespace

std::string module_name(const void* address) {
  Dl_info info;
  if (dladdr(address, &info) == 0 || info.dli_fname == nullptr) return "builtin";
  // The kernel says where the program headers of the program are; they lie in its first page.
  const auto* program_headers = std::bit_cast<const void*>(getauxval(AT_PHDR));
  if (info.dli_fbase == base_of(program_headers)) return "builtin";
  const std::string_view path = info.dli_fname;
  return std::string(path.substr(path.rfind('/') + 1));
}

}  // namespace novelo::internal
