// What does a message cost? One producer and one consumer of a buffered channel, until it is closed and drained.
#include "bench.h"

int main(int argc, char** argv) {
  constexpr int kMessages = 4'000'000;
  novelo::Runtime runtime(novelo::bench::options(argc, argv));
  std::int64_t sum = 0;
  const double ns = runtime.run([&sum] {
    auto c = novelo::make_chan<int>(128);
    return novelo::bench::time_ns([&] {
      novelo::go([c] {
        for (int i = 0; i < kMessages; ++i) c.send(i);
        c.close();
      });
      for (const int value : c) sum += value;
    });
  });
  if (sum != std::int64_t{kMessages} * (kMessages - 1) / 2) return 1;
  novelo::bench::print_result("buf128_1x1", ns / kMessages, "ns");
}
