// What does a message cost: there and back, through a buffer, without one, and when a select chooses?
#include "novelo/novelo.h"
#include "report.h"
#include "workload.h"

namespace bench {

std::int64_t pingpong(std::int64_t round_trips) {
  auto to = novelo::make_chan<int>();
  auto from = novelo::make_chan<int>();
  novelo::go([to, from] {
    for (const int value : to) from.send(value);
  });
  std::int64_t sum = 0;
  const auto start = Clock::now();
  for (std::int64_t i = 0; i < round_trips; ++i) {
    to.send(static_cast<int>(i));
    sum += *from.recv();
  }
  print_result("pingpong", ns_since(start) / static_cast<double>(round_trips), "ns");
  to.close();
  return sum;
}

namespace {

// `pairs` producers and as many consumers of one channel, until it is closed and drained.
std::int64_t produce_and_consume(std::string_view metric, std::int64_t capacity, int pairs, std::int64_t messages) {
  auto channel = novelo::make_chan<int>(capacity);
  std::vector<std::int64_t> sums(static_cast<std::size_t>(pairs));
  const int each = static_cast<int>(messages / pairs);
  const auto start = Clock::now();
  novelo::WaitGroup producers;
  novelo::WaitGroup consumers;
  for (std::int64_t& sum : sums) {
    consumers.go([&channel, &sum] {
      std::int64_t mine = 0;
      for (const int value : channel) mine += value;
      sum = mine;
    });
  }
  for (int i = 0; i < pairs; ++i) {
    producers.go([&channel, each] {
      for (int value = 0; value < each; ++value) channel.send(value);
    });
  }
  producers.wait();
  channel.close();
  consumers.wait();
  print_result(metric, ns_since(start) / static_cast<double>(messages), "ns");
  std::int64_t in_all = 0;
  for (const std::int64_t sum : sums) in_all += sum;
  return in_all;
}

}  // namespace

std::int64_t buf128_1x1(std::int64_t messages) {
  return produce_and_consume("buf128_1x1", 128, 1, messages);
}

std::int64_t buf128_8x8(std::int64_t messages) {
  return produce_and_consume("buf128_8x8", 128, 8, messages);
}

std::int64_t unbuf_8x8(std::int64_t messages) {
  return produce_and_consume("unbuf_8x8", 0, 8, messages);
}

std::int64_t select2(std::int64_t messages) {
  auto even = novelo::make_chan<int>();
  auto odd = novelo::make_chan<int>();
  auto quit = novelo::make_chan<novelo::Unit>();
  std::int64_t sum = 0;
  const auto start = Clock::now();
  novelo::go([even, odd, quit, messages] {
    for (std::int64_t i = 0; i < messages; ++i) (i % 2 == 0 ? even : odd).send(static_cast<int>(i));
    quit.close();
  });
  const auto add = [&sum](std::optional<int> value) { sum += *value; };
  for (bool goes_on = true; goes_on;) {
    novelo::select(novelo::on_recv(even, add), novelo::on_recv(odd, add),
                   novelo::on_recv(quit, [&goes_on](std::optional<novelo::Unit>) { goes_on = false; }));
  }
  print_result("select2", ns_since(start) / static_cast<double>(messages), "ns");
  return sum;
}

}  // namespace bench
