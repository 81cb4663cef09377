// tests/bench/bench.h
// What every benchmark does: takes the number of processors from its command line, says on what it ran, times a body
// inside the runtime by the monotonic clock, and prints the result.
//
//   who    the main files beside this one, each a question of its own
#pragma once

#include <sys/utsname.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "novelo/novelo.h"

namespace novelo::bench {

// The usage is `bench_<question> [processors]`; one processor by default.
inline RuntimeOptions options(int argc, char** argv) {
  RuntimeOptions chosen;
  chosen.max_procs = argc > 1 ? std::atoi(argv[1]) : 1;
  utsname machine{};
  uname(&machine);
  std::printf("# %s %s, %d processors\n", machine.sysname, machine.machine, chosen.max_procs);
  return chosen;
}

// Nanoseconds that `body` takes.
template <class F>
double time_ns(F&& body) {
  const auto before = std::chrono::steady_clock::now();
  std::forward<F>(body)();
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - before).count();
}

inline void print_result(const char* metric, double value, const char* unit) {
  std::printf("RESULT %s %.1f %s\n", metric, value, unit);
}

}  // namespace novelo::bench
