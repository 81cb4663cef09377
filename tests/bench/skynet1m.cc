// What does a tree of a million goroutines cost? Each inner node has ten children and sums what they send.
#include "bench.h"

namespace {

void node(const novelo::Chan<std::int64_t>& result, std::int64_t first, std::int64_t leaves) {
  if (leaves == 1) {
    result.send(first);
    return;
  }
  auto sums = novelo::make_chan<std::int64_t>();
  const std::int64_t share = leaves / 10;
  for (std::int64_t i = 0; i < 10; ++i) {
    novelo::go([sums, start = first + i * share, share] { node(sums, start, share); });
  }
  std::int64_t sum = 0;
  for (int i = 0; i < 10; ++i) sum += *sums.recv();
  result.send(sum);
}

}  // namespace

int main(int argc, char** argv) {
  novelo::Runtime runtime(novelo::bench::options(argc, argv));
  std::int64_t sum = 0;
  const double ns = runtime.run([&sum] {
    return novelo::bench::time_ns([&sum] {
      auto result = novelo::make_chan<std::int64_t>();
      novelo::go([result] { node(result, 0, 1'000'000); });
      sum = *result.recv();
    });
  });
  if (sum != 499'999'500'000) return 1;
  novelo::bench::print_result("skynet1m", ns / 1e6, "ms");
}
