// runtime/src/gc/program_memory.h
// All memory of the process that the program may have put references in and that is no memory of the runtime's: what
// malloc has given out, global and thread-local variables, stacks of foreign threads.
//
//   who        the search for goroutines that wait for ever
//   may        make system calls; never parks by itself
//   cost       about a microsecond a page that is in use
//   tested     tests/unit/gc/program_memory_test.cc
#pragma once

#include "absl/functional/function_ref.h"

namespace novelo::rt {

// Calls visit(from, to) with copies of it, some tens of kilobytes at a time. It changes meanwhile; what is gone by the
// time its turn comes is left out. False: the system does not say what there is.
bool look_through_program_memory(absl::FunctionRef<void(const void* from, const void* to)> visit);

// The same for what was touched of one range, whosever it is.
void look_through_touched(const void* begin, const void* end,
                          absl::FunctionRef<void(const void* from, const void* to)> visit);

}  // namespace novelo::rt
