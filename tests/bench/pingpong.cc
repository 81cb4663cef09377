// What does a round trip cost? An echo goroutine behind two unbuffered channels.
#include "bench.h"

int main(int argc, char** argv) {
  constexpr int kTrips = 500'000;
  novelo::Runtime runtime(novelo::bench::options(argc, argv));
  const double ns = runtime.run([] {
    auto to = novelo::make_chan<int>();
    auto from = novelo::make_chan<int>();
    novelo::go([to, from] {
      for (const int value : to) from.send(value);
    });
    const double taken = novelo::bench::time_ns([&] {
      for (int i = 0; i < kTrips; ++i) {
        to.send(i);
        from.recv();
      }
    });
    to.close();
    return taken;
  });
  novelo::bench::print_result("pingpong", ns / kTrips, "ns");
}
