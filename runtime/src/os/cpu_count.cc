// Affinity, and the CPU quota files of cgroup v1 and v2 from the own group up to the root.
#include "os/cpu_count.h"

#include <sched.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>

#include "absl/strings/str_cat.h"

namespace novelo::rt {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

int round_up(long long quota, long long period) {
  return quota <= 0 || period <= 0 ? 0 : static_cast<int>(std::min<long long>((quota + period - 1) / period, 1 << 20));
}

int quota_v2(const std::string& directory) {
  std::istringstream text(read_file(directory + "/cpu.max"));
  std::string quota;
  long long period = 0;
  if (!(text >> quota >> period) || quota == "max") return 0;
  return round_up(std::atoll(quota.c_str()), period);
}

int quota_v1(const std::string& directory) {
  const std::string quota = read_file(directory + "/cpu.cfs_quota_us");
  const std::string period = read_file(directory + "/cpu.cfs_period_us");
  if (quota.empty() || period.empty()) return 0;
  return round_up(std::atoll(quota.c_str()), std::atoll(period.c_str()));
}

// The least over `path` and every directory above it, down to `mount`.
template <class Quota>
int least_along(const std::string& mount, std::string path, Quota quota) {
  int least = 0;
  for (;;) {
    const int here = quota(mount + path);
    if (here > 0 && (least == 0 || here < least)) least = here;
    const std::size_t slash = path.rfind('/');
    if (path.empty() || slash == std::string::npos) return least;
    path.erase(slash);
  }
}

}  // namespace

int cgroup_cpu_quota(const std::string& self_cgroup, const std::string& mount) {
  int least = 0;
  const auto take = [&](int quota) {
    if (quota > 0 && (least == 0 || quota < least)) least = quota;
  };
  std::istringstream lines(self_cgroup);
  for (std::string line; std::getline(lines, line);) {
    // "hierarchy:controllers:path"; v2 has hierarchy 0 and no controllers.
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    std::string path = line.substr(second + 1);
    if (path == "/") path.clear();
    if (controllers.empty()) {
      take(least_along(mount, path, quota_v2));
      take(least_along(mount + "/unified", path, quota_v2));
    } else if (absl::StrCat(",", controllers, ",").find(",cpu,") != std::string::npos) {
      take(least_along(absl::StrCat(mount, "/", controllers), path, quota_v1));
      take(least_along(mount + "/cpu", path, quota_v1));
    }
  }
  return least;
}

int default_max_procs() {
  if (const char* told = std::getenv("NOVELO_MAXPROCS")) {
    char* end = nullptr;
    const long procs = std::strtol(told, &end, 10);
    if (*told != '\0' && *end == '\0' && procs >= 1 && procs <= 1024) return static_cast<int>(procs);
  }
  cpu_set_t set;
  int cpus = 1;
  if (sched_getaffinity(0, sizeof set, &set) == 0) cpus = std::max(1, CPU_COUNT(&set));
  const int quota = cgroup_cpu_quota(read_file("/proc/self/cgroup"), "/sys/fs/cgroup");
  return quota > 0 ? std::min(cpus, quota) : cpus;
}

}  // namespace novelo::rt
