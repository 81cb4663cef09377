// The process_* families every Prometheus client has, read from /proc.
#include <absl/strings/numbers.h>
#include <absl/strings/str_split.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "export/metrics.h"

namespace novelo::daemon {
namespace {

std::string read_file(const char* path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

double number(absl::string_view text) {
  double value = 0;
  return absl::SimpleAtod(text, &value) ? value : 0;
}

// The second the machine was started at, since 1970.
double boot_time() {
  for (absl::string_view line : absl::StrSplit(read_file("/proc/stat"), '\n')) {
    if (line.substr(0, 6) == "btime ") return number(line.substr(6));
  }
  return 0;
}

double open_descriptors() {
  std::error_code error;
  const std::filesystem::directory_iterator entries("/proc/self/fd", error);
  // One of them is the iterator's own.
  return error ? 0 : static_cast<double>(std::distance(begin(entries), end(entries)) - 1);
}

prometheus::MetricFamily family(const char* name, const char* help, prometheus::MetricType type, double value) {
  prometheus::ClientMetric metric;
  metric.counter.value = value;
  metric.gauge.value = value;
  return {name, help, type, {metric}};
}

}  // namespace

std::vector<prometheus::MetricFamily> process_metrics() {
  using prometheus::MetricType;
  // The program's name, in parentheses, may hold blanks; the fields counted in proc(5) from 3 come after it.
  const std::string stat = read_file("/proc/self/stat");
  const std::size_t name_end = stat.rfind(')');
  std::vector<std::string> fields;
  if (name_end != std::string::npos) fields = absl::StrSplit(stat.substr(name_end + 1), ' ', absl::SkipWhitespace());
  const auto field = [&fields](std::size_t n) { return n - 3 < fields.size() ? number(fields[n - 3]) : 0; };

  static const double ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  static const double page = static_cast<double>(sysconf(_SC_PAGESIZE));
  static const double booted = boot_time();
  rlimit descriptors{};
  getrlimit(RLIMIT_NOFILE, &descriptors);
  return {
      family("process_cpu_seconds_total", "CPU time of the process, user and system.", MetricType::Counter,
             (field(14) + field(15)) / ticks),
      family("process_resident_memory_bytes", "Memory of the process that is in RAM.", MetricType::Gauge,
             field(24) * page),
      family("process_virtual_memory_bytes", "Address space of the process.", MetricType::Gauge, field(23)),
      family("process_start_time_seconds", "When the process started, since 1970.", MetricType::Gauge,
             booted + field(22) / ticks),
      family("process_open_fds", "Open file descriptors.", MetricType::Gauge, open_descriptors()),
      family("process_max_fds", "The most file descriptors that may be open.", MetricType::Gauge,
             static_cast<double>(descriptors.rlim_cur)),
  };
}

}  // namespace novelo::daemon
