// The two sides of the asymmetric fence: registration with the kernel, and the side that pays.
#include "os/barrier.h"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace novelo::rt {

bool g_light_barrier_is_free = false;

void barrier_init() noexcept {
  if (g_light_barrier_is_free) return;
  const int saved = errno;
  const long commands = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);
  g_light_barrier_is_free = commands > 0 && (commands & MEMBARRIER_CMD_PRIVATE_EXPEDITED) != 0 &&
                            syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0 &&
                            syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0;
  errno = saved;
}

namespace {
// Before other static objects are made, whose constructors may use a Lock or start a thread.
[[gnu::constructor(101)]] void init_when_loaded() noexcept {
  barrier_init();
}
}  // namespace

void heavy_barrier() noexcept {
  full_fence();
  if (g_light_barrier_is_free) syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
  full_fence();
}

}  // namespace novelo::rt
