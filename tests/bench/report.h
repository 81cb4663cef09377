// tests/bench/report.h
// What every benchmark prints, and how it measures: shared by novelo_bench and its C++ peers, so that they differ in
// the measured code alone.
//
//   RESULT <metric> <value> <unit>       one figure
//   CHECKSUM <workload> <number>         what the work came to; the same for every peer
#pragma once

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

using Clock = std::chrono::steady_clock;

inline double ns_since(Clock::time_point start) {
  return std::chrono::duration<double, std::nano>(Clock::now() - start).count();
}

inline void print_result(std::string_view metric, double value, const char* unit) {
  std::printf("RESULT %.*s %.2f %s\n", static_cast<int>(metric.size()), metric.data(), value, unit);
}

inline void print_checksum(std::string_view workload, std::int64_t checksum) {
  std::printf("CHECKSUM %.*s %lld\n", static_cast<int>(workload.size()), workload.data(),
              static_cast<long long>(checksum));
}

// How much later than asked each sleep of each goroutine ended, in microseconds: the median and the 99th percentile.
inline void print_lateness(std::string_view workload, const std::vector<std::vector<double>>& late_us) {
  std::vector<double> all;
  for (const auto& one : late_us) all.insert(all.end(), one.begin(), one.end());
  std::sort(all.begin(), all.end());
  const auto percentile = [&all](double part) {
    const double rank = std::ceil(part * static_cast<double>(all.size()));
    return all[std::max<std::size_t>(1, static_cast<std::size_t>(rank)) - 1];
  };
  print_result(std::string(workload) + "_p50", percentile(0.5), "us");
  print_result(std::string(workload) + "_p99", percentile(0.99), "us");
}

// The memory of this process that is really there.
inline double resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  double pages_in_all = 0;
  double pages_resident = 0;
  statm >> pages_in_all >> pages_resident;
  return pages_resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

inline double peak_resident_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmHWM:", 0) == 0) return std::stod(line.substr(6)) * 1024;
  }
  return 0;
}

// What `count` parked goroutines took: memory, the time to start them and the time until all had run on.
inline void print_parked(const std::string& workload, std::int64_t count, double bytes, double spawn_ns,
                         double wake_ns) {
  const std::string metric = workload + std::to_string(count);
  const auto n = static_cast<double>(count);
  print_result(metric + "_bytes", bytes / n, "B/task");
  print_result(metric + "_spawn", spawn_ns / n, "ns/task");
  print_result(metric + "_wakeall", wake_ns / n, "ns/task");
}

}  // namespace bench
