// What do goroutines cost that form a network: a tree of a million, a line of ten thousand?
#include <cstdlib>

#include "novelo/novelo.h"
#include "report.h"
#include "workload.h"

namespace bench {
namespace {

constexpr int kFanOut = 10;

void skynet(const novelo::Chan<std::int64_t>& result, std::int64_t first, std::int64_t leaves) {
  if (leaves == 1) {
    result.send(first);
    return;
  }
  auto sums = novelo::make_chan<std::int64_t>();
  const std::int64_t share = leaves / kFanOut;
  for (std::int64_t i = 0; i < kFanOut; ++i) {
    novelo::go([sums, mine = first + i * share, share] { skynet(sums, mine, share); });
  }
  std::int64_t sum = 0;
  for (int i = 0; i < kFanOut; ++i) sum += *sums.recv();
  result.send(sum);
}

}  // namespace

std::int64_t skynet1m(std::int64_t leaves) {
  const auto start = Clock::now();
  auto result = novelo::make_chan<std::int64_t>();
  novelo::go([result, leaves] { skynet(result, 0, leaves); });
  const std::int64_t sum = *result.recv();
  print_result("skynet1m", ns_since(start) / 1e6, "ms");
  return sum;
}

std::int64_t chain10k(std::int64_t length) {
  constexpr int kTokens = 50;
  const auto first = novelo::make_chan<int>();
  auto last = first;
  for (std::int64_t i = 0; i < length; ++i) {
    auto next = novelo::make_chan<int>();
    novelo::go([from = last, next] {
      for (const int value : from) next.send(value + 1);
      next.close();
    });
    last = next;
  }
  const auto walk = [&first, &last] {
    first.send(0);
    return *last.recv();
  };
  walk();
  std::int64_t sum = 0;
  const auto start = Clock::now();
  for (int i = 0; i < kTokens; ++i) sum += walk();
  print_result("chain10k", ns_since(start) / static_cast<double>(length * kTokens), "ns");
  first.close();
  last.recv();
  return sum;
}

}  // namespace bench
