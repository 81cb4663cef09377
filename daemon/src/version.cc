// The macros come from daemon/CMakeLists.txt.
#include "version.h"

namespace novelo::daemon {

std::string version() {
  return NOVELO_VERSION;
}
std::string build_text() {
  return NOVELO_BUILD_TEXT;
}
std::string version_text() {
  return "novelod " + version() + " (" + build_text() + ")";
}

}  // namespace novelo::daemon
