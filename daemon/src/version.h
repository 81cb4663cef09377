// daemon/src/version.h
// What this build of novelod is. The values come from CMake.
#pragma once

#include <string>

namespace novelo::daemon {

// "0.1.0"
std::string version();
// "GNU 12.2.0, Release"
std::string build_text();
// "novelod 0.1.0 (GNU 12.2.0, Release)"
std::string version_text();

}  // namespace novelo::daemon
