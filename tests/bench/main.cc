// novelo_bench: runs one workload of workload.h on a runtime of its own and prints what it measured.
#include <charconv>
#include <cstring>
#include <exception>
#include <optional>

#include "novelo/novelo.h"
#include "report.h"
#include "workload.h"

namespace {

void print_usage(std::FILE* to) {
  std::fprintf(to,
               "usage: novelo_bench WORKLOAD PROCESSORS [COUNT]\n\n"
               "Prints \"RESULT metric value unit\" for each figure and \"CHECKSUM workload number\".\n\n"
               "%-17s%9s  COUNT is the number of\n",
               "WORKLOAD", "COUNT");
  for (const bench::Workload& workload : bench::kWorkloads) {
    std::fprintf(to, "%-17s%9s  %s\n", workload.name.data(),
                 workload.count == 0 ? "-" : std::to_string(workload.count).c_str(), workload.counts);
  }
}

const bench::Workload* find_workload(const char* name) {
  for (const bench::Workload& workload : bench::kWorkloads) {
    if (workload.name == name) return &workload;
  }
  return nullptr;
}

std::optional<std::int64_t> parse_positive(const char* text) {
  std::int64_t value = 0;
  const char* const end = text + std::strlen(text);
  const auto [stopped, error] = std::from_chars(text, end, value);
  if (error != std::errc() || stopped != end || value <= 0) return std::nullopt;
  return value;
}

int complain(const char* what, const char* about) {
  std::fprintf(stderr, "novelo_bench: %s: %s; --help says more\n", what, about);
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--help") == 0) {
    print_usage(stdout);
    return 0;
  }
  if (argc < 3 || argc > 4) {
    print_usage(stderr);
    return 2;
  }
  const bench::Workload* workload = find_workload(argv[1]);
  if (workload == nullptr) return complain("no such workload", argv[1]);
  const auto processors = parse_positive(argv[2]);
  if (!processors || *processors > 1024) return complain("PROCESSORS is not a number from 1 to 1024", argv[2]);
  const auto count = argc == 4 ? parse_positive(argv[3]) : std::optional(workload->count);
  if (!count) return complain("COUNT is not a positive number", argv[3]);
  if (*count == 0) return complain("COUNT has to be given", argv[1]);
  try {
    novelo::RuntimeOptions options;
    options.max_procs = static_cast<int>(*processors);
    novelo::Runtime runtime(std::move(options));
    bench::print_checksum(workload->name, runtime.run([&] { return workload->run(*count); }));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "novelo_bench: %s: %s\n", argv[1], error.what());
    return 1;
  }
}
