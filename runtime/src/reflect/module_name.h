// runtime/src/reflect/module_name.h
// Which program or shared object an object with static storage belongs to.
//
//   used by     task.cc, while a task registers; asks the dynamic loader, which takes its lock
//   checked by  tests/unit/reflect/task_test.cc
#pragma once

#include <string>

namespace novelo::internal {

// "builtin" for the program itself, else the shared object's file name without folders: "libexamples.so".
std::string module_name(const void* address);

}  // namespace novelo::internal
