// What the runtime wants of the system and does without where it is missing: each is tried by use, at the start or when
// it is asked for here.
#include <cstdio>
#include <cstring>
#include <string>

#include "heap/collected_heap.h"
#include "heap/heap.h"
#include "novelo/stats.h"
#include "os/barrier.h"
#include "os/vm.h"
#include "sched/scheduler.h"

namespace novelo {
namespace rt {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

SystemFeature guards() {
  SystemFeature guards{.name = "stack guards", .in_use = "MADV_GUARD_INSTALL", .is_fallback = false, .note = ""};
  const std::size_t most = vm_guards_max();
  if (most == ~std::size_t{0}) return guards;
  guards.in_use = "mprotect";
  guards.is_fallback = true;
  guards.note = "at most " + std::to_string(most) +
                " goroutines: each guard parts a mapping; raise vm.max_map_count, or use Linux 6.13";
  return guards;
}

SystemFeature barriers() {
  if (g_light_barrier_is_free) return {"memory barriers", "membarrier", false, ""};
  return {"memory barriers", "a fence at each switch", true,
          "membarrier is refused: switches take some nanoseconds more"};
}

SystemFeature reads() {
  if (vm_reads_at_once()) return {"reading own memory", "process_vm_readv", false, ""};
  return {"reading own memory", "a pipe", true,
          "process_vm_readv is refused: dumps and searches for leaks take some microseconds more a page"};
}

SystemFeature stacks(const Scheduler& scheduler, std::size_t wanted) {
  const std::size_t most = scheduler.goroutines_max();
  const std::string in_use = std::to_string(most) + " goroutines";
  if (most >= wanted) return {"address space for stacks", in_use, false, ""};
  return {"address space for stacks", in_use, true,
          std::to_string(wanted) + " were asked for: RLIMIT_AS, vm.overcommit_memory or the guards do not allow them"};
}

SystemFeature cold_stacks() {
  if (ColdStacks::is_allowed()) return {"compact stacks", "userfaultfd", false, ""};
  return {"compact stacks", "none", true,
          "each goroutine that waits keeps a page: userfaultfd with faults of the kernel takes Linux 6.8 and "
          "CAP_SYS_PTRACE, or vm.unprivileged_userfaultfd=1"};
}

SystemFeature own_heap() {
  const std::uint64_t bytes = Heap::get().bytes_max();
  if (bytes != 0) return {"heap of the runtime", std::to_string(bytes / kMiB) + " MiB of address space", false, ""};
  return {"heap of the runtime", "malloc", true, "no address space was left: channels and timers are slower"};
}

SystemFeature collected_heap() {
  if (!CollectedHeap::exists()) return {"collected heap", "not yet", false, ""};
  const std::uint64_t bytes = CollectedHeap::get().pages().bytes_max();
  const std::string in_use = std::to_string(bytes / kMiB) + " MiB of address space";
  if (bytes >= CollectedHeap::wanted_bytes()) return {"collected heap", in_use, false, ""};
  return {"collected heap", in_use, true, "RLIMIT_AS or vm.overcommit_memory allows no more"};
}

SystemFeature huge_pages() {
  char text[64] = "";
  if (std::FILE* file = std::fopen("/sys/kernel/mm/transparent_hugepage/enabled", "re")) {
    if (std::fgets(text, sizeof text, file) == nullptr) text[0] = '\0';
    std::fclose(file);
  }
  if (text[0] != '\0' && std::strstr(text, "[never]") == nullptr) return {"huge pages", "transparent", false, ""};
  return {"huge pages", "none", true, "a large collected heap is looked through at half the speed"};
}

}  // namespace
}  // namespace rt

std::vector<SystemFeature> system_features() {
  rt::Scheduler& scheduler = rt::require_scheduler();
  return {rt::guards(),         rt::barriers(),
          rt::reads(),          rt::stacks(scheduler, scheduler.options().max_goroutines),
          rt::cold_stacks(),    rt::own_heap(),
          rt::collected_heap(), rt::huge_pages()};
}

}  // namespace novelo
