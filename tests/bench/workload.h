// tests/bench/workload.h
// The workloads of novelo_bench. Each runs on the main goroutine, prints its figures and returns its checksum;
// README.md says what each does and what its count is.
#pragma once

#include <cstdint>
#include <string_view>

namespace bench {

struct Workload {
  std::string_view name;
  std::int64_t count;  // by default; 0: it must be given
  const char* counts;  // what there are `count` of
  std::int64_t (*run)(std::int64_t count);
};

// goroutines.cc
std::int64_t yield(std::int64_t yields_each);
std::int64_t spawn_join(std::int64_t goroutines);
std::int64_t spawn_fan1024(std::int64_t rounds);
std::int64_t fib25(std::int64_t n);

// channels.cc
std::int64_t pingpong(std::int64_t round_trips);
std::int64_t buf128_1x1(std::int64_t messages);
std::int64_t buf128_8x8(std::int64_t messages);
std::int64_t unbuf_8x8(std::int64_t messages);
std::int64_t select2(std::int64_t messages);

// networks.cc
std::int64_t skynet1m(std::int64_t leaves);
std::int64_t chain10k(std::int64_t length);

// mutex.cc
std::int64_t mutex16(std::int64_t pairs_each);

// timers.cc
std::int64_t timers100k(std::int64_t timers);
std::int64_t sleep50us_x1000(std::int64_t sleeps_each);
std::int64_t sleep1ms_x1000(std::int64_t sleeps_each);
std::int64_t sleep1ms_x1(std::int64_t sleeps_each);

// parked.cc
std::int64_t mem(std::int64_t goroutines);
std::int64_t mem_compact(std::int64_t goroutines);

// memory.cc
std::int64_t alloc(std::int64_t objects_each);
std::int64_t bintrees(std::int64_t depth);
std::int64_t latency(std::int64_t beats);
std::int64_t interrupt_128m(std::int64_t goroutines);
std::int64_t interrupt_1g(std::int64_t goroutines);
std::int64_t interrupt_4g(std::int64_t goroutines);

// spikes.cc
std::int64_t spike_goroutines(std::int64_t goroutines);
std::int64_t spike_heap(std::int64_t mib);
std::int64_t deep(std::int64_t mib);

inline constexpr Workload kWorkloads[] = {
    {"yield", 2'000'000, "yields of each of two goroutines", yield},
    {"spawn_join", 500'000, "goroutines, one after the other", spawn_join},
    {"spawn_fan1024", 500, "rounds of 1024 goroutines", spawn_fan1024},
    {"pingpong", 500'000, "round trips", pingpong},
    {"buf128_1x1", 4'000'000, "messages", buf128_1x1},
    {"buf128_8x8", 2'000'000, "messages, a multiple of 8", buf128_8x8},
    {"unbuf_8x8", 1'000'000, "messages, a multiple of 8", unbuf_8x8},
    {"select2", 1'000'000, "messages", select2},
    {"mutex16", 250'000, "pairs of lock and unlock by each of 16 goroutines", mutex16},
    {"skynet1m", 1'000'000, "leaves, a power of ten", skynet1m},
    {"fib25", 25, "the argument of fib()", fib25},
    {"chain10k", 10'000, "goroutines in the line", chain10k},
    {"timers100k", 100'000, "timers", timers100k},
    {"sleep50us_x1000", 20, "sleeps of each of 1000 goroutines", sleep50us_x1000},
    {"sleep1ms_x1000", 20, "sleeps of each of 1000 goroutines", sleep1ms_x1000},
    {"sleep1ms_x1", 500, "sleeps of one goroutine", sleep1ms_x1},
    {"mem", 0, "parked goroutines", mem},
    {"mem_compact", 1'000'000, "parked goroutines", mem_compact},
    {"alloc", 10'000'000, "objects of each size on each processor", alloc},
    {"bintrees", 18, "the depth of the deepest tree", bintrees},
    {"latency", 8000, "beats, a millisecond apart", latency},
    {"interrupt_128m", 1000, "parked goroutines", interrupt_128m},
    {"interrupt_1g", 1000, "parked goroutines", interrupt_1g},
    {"interrupt_4g", 1000, "parked goroutines", interrupt_4g},
    {"spike_goroutines", 1'000'000, "goroutines at the same time", spike_goroutines},
    {"spike_heap", 8192, "MiB of objects", spike_heap},
    {"deep", 100, "MiB of stack", deep},
};

}  // namespace bench
