// What do very many goroutines cost that only wait: in memory, to start, and to wake all at once?
#include "novelo/novelo.h"
#include "report.h"
#include "workload.h"

namespace bench {

std::int64_t mem(std::int64_t goroutines) {
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
  const double bytes = resident_bytes() - before;
  start = Clock::now();
  gate.close();
  std::int64_t woken = 0;
  for (std::int64_t i = 0; i < goroutines; ++i) woken += *done.recv();
  print_parked(goroutines, bytes, spawn_ns, ns_since(start));
  return woken;
}

}  // namespace bench
