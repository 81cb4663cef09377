// malloc_trim() walks every arena, so it is called only when there is something to expect from it: when the process is
// larger than after the last call.
#include "free_memory.h"

#include <malloc.h>
#include <novelo/go.h>
#include <unistd.h>

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
  std::int64_t after_last = resident_bytes();
  while (true) {
    sleep(kFreeMemoryInterval);
    after_last = blocking([after_last] {
      if (resident_bytes() < after_last + kFreeMemoryGrowthBytes) return after_last;
      malloc_trim(0);
      return resident_bytes();
    });
  }
}

}  // namespace novelo::daemon
