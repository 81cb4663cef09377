// What does a yield cost? Two goroutines that yield to each other.
#include "bench.h"

int main(int argc, char** argv) {
  constexpr int kYields = 2'000'000;
  novelo::Runtime runtime(novelo::bench::options(argc, argv));
  const double ns = runtime.run([] {
    return novelo::bench::time_ns([] {
      novelo::WaitGroup group;
      for (int i = 0; i < 2; ++i) {
        group.go([] {
          for (int n = 0; n < kYields; ++n) novelo::yield();
        });
      }
      group.wait();
    });
  });
  novelo::bench::print_result("yield", ns / (2.0 * kYields), "ns");
}
