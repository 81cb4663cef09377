// The Boost.Fiber peer of novelo_bench: the same workloads, counts and output, as far as the library has what they need
// (it has no select and no timers without a fiber). Usage: boostfiber_bench WORKLOAD THREADS [COUNT]
//
// One thread runs the round-robin scheduler, more than one the work-stealing one. Stacks have the library's 128 KiB,
// and 16 KiB where there are very many of them. It leaves by quick_exit(): fibers that still wait are not unwound.
#include <boost/fiber/algo/work_stealing.hpp>
#include <boost/fiber/all.hpp>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "report.h"

namespace {

namespace fibers = boost::fibers;
using bench::Clock;
using bench::ns_since;
using bench::print_result;

constexpr std::size_t kSmallStack = 16384;
std::size_t stack_bytes = 0;  // 0: the library's default

template <class F>
fibers::fiber start_fiber(F body) {
  if (stack_bytes == 0) return fibers::fiber(fibers::launch::post, std::move(body));
  return fibers::fiber(fibers::launch::post, std::allocator_arg, boost::context::fixedsize_stack(stack_bytes),
                       std::move(body));
}

void join_all(std::vector<fibers::fiber>& all) {
  for (fibers::fiber& one : all) one.join();
  all.clear();
}

constexpr auto kSuccess = fibers::channel_op_status::success;

std::int64_t yield(std::int64_t yields_each) {
  std::int64_t yielded[2] = {};
  std::vector<fibers::fiber> both;
  const auto start = Clock::now();
  for (std::int64_t& mine : yielded) {
    both.push_back(start_fiber([&mine, yields_each] {
      std::int64_t i = 0;
      for (; i < yields_each; ++i) boost::this_fiber::yield();
      mine = i;
    }));
  }
  join_all(both);
  print_result("yield", ns_since(start) / static_cast<double>(2 * yields_each), "ns");
  return yielded[0] + yielded[1];
}

std::int64_t spawn_join(std::int64_t count) {
  std::int64_t joined = 0;
  const auto start = Clock::now();
  for (; joined < count; ++joined) start_fiber([] {}).join();
  print_result("spawn_join", ns_since(start) / static_cast<double>(count), "ns");
  return joined;
}

std::int64_t spawn_fan1024(std::int64_t rounds) {
  constexpr int kWidth = 1024;
  std::int64_t joined = 0;
  std::vector<fibers::fiber> all;
  const auto start = Clock::now();
  for (std::int64_t round = 0; round < rounds; ++round) {
    for (int i = 0; i < kWidth; ++i) all.push_back(start_fiber([] {}));
    join_all(all);
    joined += kWidth;
  }
  print_result("spawn_fan1024", ns_since(start) / static_cast<double>(rounds * kWidth), "ns");
  return joined;
}

std::int64_t fib(std::int64_t n) {
  if (n < 2) return n;
  std::int64_t first = 0;
  fibers::fiber child = start_fiber([&first, n] { first = fib(n - 1); });
  const std::int64_t second = fib(n - 2);
  child.join();
  return first + second;
}

std::int64_t fib25(std::int64_t n) {
  fib(15);
  const auto start = Clock::now();
  const std::int64_t result = fib(n);
  print_result("fib25", ns_since(start) / 1e6, "ms");
  return result;
}

std::int64_t pingpong(std::int64_t round_trips) {
  fibers::unbuffered_channel<int> to;
  fibers::unbuffered_channel<int> from;
  fibers::fiber echo = start_fiber([&to, &from] {
    for (int value; to.pop(value) == kSuccess;) from.push(value);
  });
  std::int64_t sum = 0;
  const auto start = Clock::now();
  for (std::int64_t i = 0; i < round_trips; ++i) {
    to.push(static_cast<int>(i));
    int value = 0;
    from.pop(value);
    sum += value;
  }
  print_result("pingpong", ns_since(start) / static_cast<double>(round_trips), "ns");
  to.close();
  echo.join();
  return sum;
}

template <class Channel>
std::int64_t produce_and_consume(const char* metric, Channel& channel, int pairs, std::int64_t messages) {
  std::vector<std::int64_t> sums(static_cast<std::size_t>(pairs));
  const int each = static_cast<int>(messages / pairs);
  std::vector<fibers::fiber> producers;
  std::vector<fibers::fiber> consumers;
  const auto start = Clock::now();
  for (std::int64_t& sum : sums) {
    consumers.push_back(start_fiber([&channel, &sum] {
      std::int64_t mine = 0;
      for (int value; channel.pop(value) == kSuccess;) mine += value;
      sum = mine;
    }));
  }
  for (int i = 0; i < pairs; ++i) {
    producers.push_back(start_fiber([&channel, each] {
      for (int value = 0; value < each; ++value) channel.push(value);
    }));
  }
  join_all(producers);
  channel.close();
  join_all(consumers);
  print_result(metric, ns_since(start) / static_cast<double>(messages), "ns");
  std::int64_t in_all = 0;
  for (const std::int64_t sum : sums) in_all += sum;
  return in_all;
}

std::int64_t buffered(const char* metric, int pairs, std::int64_t messages) {
  fibers::buffered_channel<int> channel(128);
  return produce_and_consume(metric, channel, pairs, messages);
}

std::int64_t unbuf_8x8(std::int64_t messages) {
  fibers::unbuffered_channel<int> channel;
  return produce_and_consume("unbuf_8x8", channel, 8, messages);
}

std::int64_t mutex16(std::int64_t pairs_each) {
  constexpr int kFibers = 16;
  std::int64_t counter = 0;
  fibers::mutex mutex;
  std::vector<fibers::fiber> all;
  const auto start = Clock::now();
  for (int i = 0; i < kFibers; ++i) {
    all.push_back(start_fiber([&mutex, &counter, pairs_each] {
      for (std::int64_t n = 0; n < pairs_each; ++n) {
        const std::lock_guard guard(mutex);
        ++counter;
      }
    }));
  }
  join_all(all);
  print_result("mutex16", ns_since(start) / static_cast<double>(kFibers * pairs_each), "ns");
  return counter;
}

using Sums = fibers::unbuffered_channel<std::int64_t>;

void skynet(Sums& result, std::int64_t first, std::int64_t leaves) {
  constexpr int kFanOut = 10;
  if (leaves == 1) {
    result.push(first);
    return;
  }
  Sums sums;
  const std::int64_t share = leaves / kFanOut;
  std::vector<fibers::fiber> children;
  for (std::int64_t i = 0; i < kFanOut; ++i) {
    children.push_back(start_fiber([&sums, mine = first + i * share, share] { skynet(sums, mine, share); }));
  }
  std::int64_t sum = 0;
  for (int i = 0; i < kFanOut; ++i) {
    std::int64_t value = 0;
    sums.pop(value);
    sum += value;
  }
  join_all(children);  // before the channel goes
  result.push(sum);
}

std::int64_t skynet1m(std::int64_t leaves) {
  stack_bytes = kSmallStack;
  const auto start = Clock::now();
  Sums result;
  fibers::fiber root = start_fiber([&result, leaves] { skynet(result, 0, leaves); });
  std::int64_t sum = 0;
  result.pop(sum);
  print_result("skynet1m", ns_since(start) / 1e6, "ms");
  root.join();
  return sum;
}

std::int64_t chain10k(std::int64_t length) {
  constexpr int kTokens = 50;
  std::vector<std::unique_ptr<fibers::unbuffered_channel<int>>> links;
  for (std::int64_t i = 0; i <= length; ++i) links.push_back(std::make_unique<fibers::unbuffered_channel<int>>());
  for (std::int64_t i = 0; i < length; ++i) {
    start_fiber([from = links[i].get(), to = links[i + 1].get()] {
      for (int value; from->pop(value) == kSuccess;) to->push(value + 1);
    }).detach();
  }
  const auto walk = [&links] {
    links.front()->push(0);
    int value = 0;
    links.back()->pop(value);
    return value;
  };
  walk();
  std::int64_t sum = 0;
  const auto start = Clock::now();
  for (int i = 0; i < kTokens; ++i) sum += walk();
  print_result("chain10k", ns_since(start) / static_cast<double>(length * kTokens), "ns");
  for (auto& link : links) static_cast<void>(link.release());  // the fibers still wait on them
  return sum;
}

std::int64_t sleep_often(const char* workload, int count, std::int64_t sleeps_each, std::chrono::microseconds asked) {
  std::vector<std::vector<double>> late_us(static_cast<std::size_t>(count));
  std::vector<fibers::fiber> all;
  for (std::vector<double>& mine : late_us) {
    all.push_back(start_fiber([&mine, sleeps_each, asked] {
      for (std::int64_t i = 0; i < sleeps_each; ++i) {
        const auto start = Clock::now();
        boost::this_fiber::sleep_for(asked);
        mine.push_back(ns_since(start) / 1e3 - static_cast<double>(asked.count()));
      }
    }));
  }
  join_all(all);
  bench::print_lateness(workload, late_us);
  std::int64_t sleeps = 0;
  for (const auto& mine : late_us) sleeps += static_cast<std::int64_t>(mine.size());
  return sleeps;
}

std::int64_t mem(std::int64_t count) {
  stack_bytes = kSmallStack;
  const double before = bench::resident_bytes();
  fibers::mutex mutex;
  fibers::condition_variable opened;
  fibers::condition_variable all_woken;
  bool is_open = false;
  std::int64_t woken = 0;
  auto start = Clock::now();
  for (std::int64_t i = 0; i < count; ++i) {
    start_fiber([&, count] {
      std::unique_lock lock(mutex);
      opened.wait(lock, [&is_open] { return is_open; });
      if (++woken == count) all_woken.notify_all();
    }).detach();
  }
  const double spawn_ns = ns_since(start);
  boost::this_fiber::sleep_for(std::chrono::milliseconds(300));
  const double bytes = bench::resident_bytes() - before;
  start = Clock::now();
  {
    std::unique_lock lock(mutex);
    is_open = true;
    opened.notify_all();
    all_woken.wait(lock, [&woken, count] { return woken == count; });
  }
  bench::print_parked("mem", count, bytes, spawn_ns, ns_since(start));
  return woken;
}

struct Workload {
  std::int64_t count;  // by default; 0: it must be given
  std::int64_t (*run)(std::int64_t count);
};

using std::chrono::microseconds;

const std::map<std::string, Workload> kWorkloads = {
    {"yield", {2'000'000, yield}},
    {"spawn_join", {500'000, spawn_join}},
    {"spawn_fan1024", {500, spawn_fan1024}},
    {"pingpong", {500'000, pingpong}},
    {"buf128_1x1", {4'000'000, [](std::int64_t n) { return buffered("buf128_1x1", 1, n); }}},
    {"buf128_8x8", {2'000'000, [](std::int64_t n) { return buffered("buf128_8x8", 8, n); }}},
    {"unbuf_8x8", {1'000'000, unbuf_8x8}},
    {"mutex16", {250'000, mutex16}},
    {"skynet1m", {1'000'000, skynet1m}},
    {"fib25", {25, fib25}},
    {"chain10k", {10'000, chain10k}},
    {"sleep50us_x1000", {20, [](std::int64_t n) { return sleep_often("sleep50us_x1000", 1000, n, microseconds(50)); }}},
    {"sleep1ms_x1000", {20, [](std::int64_t n) { return sleep_often("sleep1ms_x1000", 1000, n, microseconds(1000)); }}},
    {"sleep1ms_x1", {500, [](std::int64_t n) { return sleep_often("sleep1ms_x1", 1, n, microseconds(1000)); }}},
    {"mem", {0, mem}},
};

[[noreturn]] void leave(int code) {
  std::fflush(stdout);
  std::quick_exit(code);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: boostfiber_bench WORKLOAD THREADS [COUNT]\n");
    return 2;
  }
  const auto chosen = kWorkloads.find(argv[1]);
  if (chosen == kWorkloads.end()) {
    std::printf("SKIP %s\n", argv[1]);
    return 0;
  }
  const int threads = std::atoi(argv[2]);
  const std::int64_t count = argc > 3 ? std::atoll(argv[3]) : chosen->second.count;
  if (threads < 1 || count < 1) {
    std::fprintf(stderr, "boostfiber_bench: THREADS and COUNT are positive numbers\n");
    return 2;
  }
  std::vector<std::thread> others;
  if (threads > 1) {
    for (int i = 1; i < threads; ++i) {
      others.emplace_back([threads] {
        fibers::use_scheduling_algorithm<fibers::algo::work_stealing>(static_cast<std::uint32_t>(threads));
        fibers::mutex never;
        fibers::condition_variable end;
        std::unique_lock lock(never);
        end.wait(lock, [] { return false; });
      });
    }
    fibers::use_scheduling_algorithm<fibers::algo::work_stealing>(static_cast<std::uint32_t>(threads));
  }
  bench::print_checksum(argv[1], chosen->second.run(count));
  leave(0);
}
