// What does a goroutine cost that does nothing: to switch, to start and join one, to start very many, to fork and join
// in a tree?
#include "novelo/novelo.h"
#include "report.h"
#include "workload.h"

namespace bench {

std::int64_t yield(std::int64_t yields_each) {
  std::int64_t yielded[2] = {};
  const auto start = Clock::now();
  novelo::WaitGroup group;
  for (std::int64_t& mine : yielded) {
    group.go([&mine, yields_each] {
      std::int64_t i = 0;
      for (; i < yields_each; ++i) novelo::yield();
      mine = i;
    });
  }
  group.wait();
  print_result("yield", ns_since(start) / static_cast<double>(2 * yields_each), "ns");
  return yielded[0] + yielded[1];
}

std::int64_t spawn_join(std::int64_t goroutines) {
  std::int64_t joined = 0;
  const auto start = Clock::now();
  for (; joined < goroutines; ++joined) novelo::spawn([] {}).join();
  print_result("spawn_join", ns_since(start) / static_cast<double>(goroutines), "ns");
  return joined;
}

std::int64_t spawn_fan1024(std::int64_t rounds) {
  constexpr int kWidth = 1024;
  std::int64_t joined = 0;
  const auto start = Clock::now();
  novelo::WaitGroup group;
  for (std::int64_t round = 0; round < rounds; ++round) {
    for (int i = 0; i < kWidth; ++i) group.go([] {});
    group.wait();
    joined += kWidth;
  }
  print_result("spawn_fan1024", ns_since(start) / static_cast<double>(rounds * kWidth), "ns");
  return joined;
}

namespace {

std::int64_t fib(std::int64_t n) {
  if (n < 2) return n;
  std::int64_t first = 0;
  novelo::WaitGroup group;
  group.go([&first, n] { first = fib(n - 1); });
  const std::int64_t second = fib(n - 2);
  group.wait();
  return first + second;
}

}  // namespace

std::int64_t fib25(std::int64_t n) {
  fib(15);  // warms the stacks up
  const auto start = Clock::now();
  const std::int64_t result = fib(n);
  print_result("fib25", ns_since(start) / 1e6, "ms");
  return result;
}

}  // namespace bench
