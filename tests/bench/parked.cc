// What do very many goroutines cost that only wait: in memory, to start, and to wake all at once?
#include "novelo/novelo.h"
#include "report.h"
#include "workload.h"

namespace bench {

namespace {

// Until the collector finds no more stacks to keep without their page.
void compact_all() {
  novelo::sleep(absl::Milliseconds(1100));  // a wait is long after a second
  int idle_cycles = 0;
  std::uint64_t compacted = 0;
  while (idle_cycles < 4) {
    novelo::gc::collect();
    const std::uint64_t now = novelo::runtime_stats().stacks_compacted;
    idle_cycles = now > compacted ? 0 : idle_cycles + 1;
    compacted = now;
  }
}

std::int64_t park(const char* workload, std::int64_t goroutines, void (*settle)()) {
  const double before = resident_bytes();
  auto gate = novelo::make_chan<int>();
  auto done = novelo::make_chan<int>(1024);
  auto start = Clock::now();
  for (std::int64_t i = 0; i < goroutines; ++i) {
    novelo::go([gate, done] {
      gate.recv();
      done.send(1);
    });
  }
  const double spawn_ns = ns_since(start);
  novelo::sleep(absl::Milliseconds(300));  // until all are parked
  settle();
  const double bytes = resident_bytes() - before;
  start = Clock::now();
  gate.close();
  std::int64_t woken = 0;
  for (std::int64_t i = 0; i < goroutines; ++i) woken += *done.recv();
  print_parked(workload, goroutines, bytes, spawn_ns, ns_since(start));
  return woken;
}

}  // namespace

std::int64_t mem(std::int64_t goroutines) {
  return park("mem", goroutines, [] {});
}

std::int64_t mem_compact(std::int64_t goroutines) {
  return park("mem_compact", goroutines, compact_all);
}

}  // namespace bench
