// What does a contended lock cost?
#include <mutex>

#include "novelo/novelo.h"
#include "report.h"
#include "workload.h"

namespace bench {

std::int64_t mutex16(std::int64_t pairs_each) {
  constexpr int kGoroutines = 16;
  std::int64_t counter = 0;
  novelo::Mutex mutex;
  const auto start = Clock::now();
  novelo::WaitGroup group;
  for (int i = 0; i < kGoroutines; ++i) {
    group.go([&mutex, &counter, pairs_each] {
      for (std::int64_t n = 0; n < pairs_each; ++n) {
        const std::lock_guard guard(mutex);
        ++counter;
      }
    });
  }
  group.wait();
  print_result("mutex16", ns_since(start) / static_cast<double>(kGoroutines * pairs_each), "ns");
  return counter;
}

}  // namespace bench
