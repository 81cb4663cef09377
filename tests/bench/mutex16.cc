// What does a contended lock cost? Sixteen goroutines that increment under one mutex.
#include <mutex>

#include "bench.h"

int main(int argc, char** argv) {
  constexpr int kGoroutines = 16;
  constexpr int kTimes = 250'000;
  novelo::Runtime runtime(novelo::bench::options(argc, argv));
  std::int64_t counter = 0;
  const double ns = runtime.run([&counter] {
    novelo::Mutex mutex;
    return novelo::bench::time_ns([&] {
      novelo::WaitGroup group;
      for (int i = 0; i < kGoroutines; ++i) {
        group.go([&] {
          for (int n = 0; n < kTimes; ++n) {
            const std::lock_guard guard(mutex);
            ++counter;
          }
        });
      }
      group.wait();
    });
  });
  if (counter != std::int64_t{kGoroutines} * kTimes) return 1;
  novelo::bench::print_result("mutex16", ns / (1.0 * kGoroutines * kTimes), "ns");
}
