// malloc_trim() walks every arena, so it is called only when there is something to expect from it: while the size of
// the process changes, and a few times afterwards, since what is free in malloc alone does not change it.
#include "free_memory.h"

#include <malloc.h>
#include <novelo/go.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

namespace novelo::daemon {
namespace {

std::int64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::int64_t size_pages = 0;
  std::int64_t resident_pages = 0;
  statm >> size_pages >> resident_pages;
  return resident_pages * sysconf(_SC_PAGESIZE);
}

}  // namespace

void return_free_memory_until_cancelled() {
  std::int64_t before = resident_bytes();
  int calls_left = 0;
  while (true) {
    sleep(kFreeMemoryInterval);
    blocking([&] {
      if (std::abs(resident_bytes() - before) >= kFreeMemoryChangeBytes) calls_left = kFreeMemoryCalls;
      if (calls_left == 0) return;
      --calls_left;
      malloc_trim(0);
      before = resident_bytes();
    });
  }
}

}  // namespace novelo::daemon
