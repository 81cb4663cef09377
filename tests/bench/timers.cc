// What does a timer cost to arm and to stop, and how late does a sleeper wake?
#include "novelo/novelo.h"
#include "report.h"
#include "workload.h"

namespace bench {

std::int64_t timers100k(std::int64_t timers) {
  std::vector<novelo::Timer> armed;
  armed.reserve(static_cast<std::size_t>(timers));
  auto start = Clock::now();
  for (std::int64_t i = 0; i < timers; ++i) armed.emplace_back(absl::Seconds(10 + i * 7919 % 90));
  print_result("timers100k_arm", ns_since(start) / static_cast<double>(timers), "ns");
  std::int64_t stopped = 0;
  start = Clock::now();
  for (const novelo::Timer& timer : armed) stopped += timer.stop() ? 1 : 0;
  print_result("timers100k_stop", ns_since(start) / static_cast<double>(timers), "ns");
  return stopped;
}

namespace {

std::int64_t sleep_often(std::string_view workload, int goroutines, std::int64_t sleeps_each, absl::Duration asked) {
  const double asked_us = absl::ToDoubleMicroseconds(asked);
  std::vector<std::vector<double>> late_us(static_cast<std::size_t>(goroutines));
  novelo::WaitGroup group;
  for (std::vector<double>& mine : late_us) {
    group.go([&mine, sleeps_each, asked, asked_us] {
      mine.reserve(static_cast<std::size_t>(sleeps_each));
      for (std::int64_t i = 0; i < sleeps_each; ++i) {
        const auto start = Clock::now();
        novelo::sleep(asked);
        mine.push_back(ns_since(start) / 1e3 - asked_us);
      }
    });
  }
  group.wait();
  print_lateness(workload, late_us);
  std::int64_t sleeps = 0;
  for (const auto& mine : late_us) sleeps += static_cast<std::int64_t>(mine.size());
  return sleeps;
}

}  // namespace

std::int64_t sleep50us_x1000(std::int64_t sleeps_each) {
  return sleep_often("sleep50us_x1000", 1000, sleeps_each, absl::Microseconds(50));
}

std::int64_t sleep1ms_x1000(std::int64_t sleeps_each) {
  return sleep_often("sleep1ms_x1000", 1000, sleeps_each, absl::Milliseconds(1));
}

std::int64_t sleep1ms_x1(std::int64_t sleeps_each) {
  return sleep_often("sleep1ms_x1", 1, sleeps_each, absl::Milliseconds(1));
}

}  // namespace bench
