// What does the whole life of a goroutine cost? An empty one is spawned and joined before the next.
#include "bench.h"

int main(int argc, char** argv) {
  constexpr int kTimes = 500'000;
  novelo::Runtime runtime(novelo::bench::options(argc, argv));
  const double ns = runtime.run([] {
    return novelo::bench::time_ns([] {
      for (int i = 0; i < kTimes; ++i) novelo::spawn([] {}).join();
    });
  });
  novelo::bench::print_result("spawn_join", ns / kTimes, "ns");
}
