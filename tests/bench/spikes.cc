// What is left of memory that was wanted once, and for how long: stacks of very many goroutines, a large heap, a deep
// recursion.
#include <array>
#include <memory>

#include "novelo/novelo.h"
#include "report.h"
#include "workload.h"

namespace bench {

namespace {

constexpr double kMiB = 1 << 20;

// Once the spike is over and nothing happens any more: how long until a tenth of it is left, at most half a minute, and
// how much there is then.
void print_given_back(const std::string& metric, double before, double peak) {
  const auto start = Clock::now();
  const double patience_ns = peak - before < 100 * kMiB ? 0.1e9 : 30e9;  // little is a trial
  const double wanted = before + (peak - before) / 10;
  while (resident_bytes() > wanted && ns_since(start) < patience_ns) novelo::sleep(absl::Milliseconds(50));
  print_result(metric + "_returned", ns_since(start) / 1e6, "ms");
  print_result(metric + "_rss_peak", peak / kMiB, "MiB");
  print_result(metric + "_rss_after", resident_bytes() / kMiB, "MiB");
}

// Uses about that much stack, all of it.
[[gnu::noinline]] std::int64_t descend(std::int64_t bytes) {  // NOLINT(misc-no-recursion)
  std::array<volatile char, 1024> frame;
  for (std::size_t i = 0; i < frame.size(); i += 64) frame[i] = 1;
  const std::int64_t deeper = bytes <= 1024 ? 0 : descend(bytes - 1024);
  return deeper + frame[64];
}

struct Page {
  novelo::gc::Ptr<Page> next;
  std::array<std::uint64_t, 511> numbers;
};

[[gnu::noinline]] novelo::gc::Ptr<Page> make_pages(std::int64_t mib) {
  novelo::gc::Ptr<Page> pages;
  for (std::int64_t i = 0; i < mib * 256; ++i) {
    pages = novelo::gc::make<Page>(pages);
    pages->numbers[7] = static_cast<std::uint64_t>(i);
  }
  return pages;
}

}  // namespace

std::int64_t spike_goroutines(std::int64_t goroutines) {
  const double before = resident_bytes();
  double peak = 0;
  {
    const auto gate = novelo::make_chan<int>();
    novelo::WaitGroup group;
    novelo::WaitGroup down;
    down.add(goroutines);
    for (std::int64_t i = 0; i < goroutines; ++i) {
      group.go([&down, gate] {
        if (descend(4096) > 0) down.done();
        gate.recv();
      });
    }
    down.wait();
    peak = resident_bytes();
    gate.close();
    group.wait();
  }
  print_given_back("spike_goroutines", before, peak);
  return goroutines;
}

std::int64_t spike_heap(std::int64_t mib) {
  const double before = resident_bytes();
  double peak = 0;
  novelo::spawn([&peak, mib] {
    const novelo::gc::Ptr<Page> pages = make_pages(mib);
    peak = resident_bytes() + static_cast<double>(pages->numbers[6]);
  }).join();
  novelo::gc::collect();
  novelo::gc::collect();
  print_given_back("spike_heap", before, peak);
  return mib;
}

std::int64_t deep(std::int64_t mib) {
  std::int64_t checksum = 0;
  const auto time = [&checksum, mib](const char* metric) {
    const auto start = Clock::now();
    checksum += novelo::spawn([mib] { return descend(mib << 20); }).join();
    print_result(metric, ns_since(start) / 1e6, "ms");
  };
  time("deep_first");
  time("deep_again");
  return checksum;
}

}  // namespace bench
