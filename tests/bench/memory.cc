// What do collected objects cost: one alone, a program that does nothing else, and others that only want to be on time?
#include <array>
#include <atomic>
#include <cmath>
#include <random>

#include "novelo/novelo.h"
#include "report.h"
#include "workload.h"

namespace bench {

namespace {

namespace gc = novelo::gc;

template <std::size_t kWords>
struct Pointers {
  std::array<gc::Ptr<Pointers>, kWords> words;
};
template <std::size_t kWords>
struct Numbers {
  std::array<std::uint64_t, kWords> words;
};

// On each processor, into a ring of 1024 places.
template <class T>
void allocate_often(std::string_view metric, std::int64_t objects_each) {
  novelo::WaitGroup group;
  const auto start = Clock::now();
  for (int i = 0; i < novelo::max_procs(); ++i) {
    group.go([objects_each] {
      const auto ring = gc::make_array<gc::Ptr<T>>(1024);
      for (std::int64_t k = 0; k < objects_each; ++k) ring[static_cast<std::size_t>(k) & 1023] = gc::make<T>();
    });
  }
  group.wait();
  print_result(metric, ns_since(start) / static_cast<double>(objects_each), "ns");
}

// The quantiles of what each thing done for the collector took, as upper bounds of buckets.
void print_pauses(const std::string& workload) {
  const gc::Stats stats = gc::stats();
  const novelo::DurationHistogram& pauses = stats.pauses;
  double all = 0;
  for (const std::uint64_t count : pauses.counts) all += static_cast<double>(count);
  const auto quantile = [&](double part) {
    double seen = 0;
    for (std::size_t i = 0; i < pauses.bounds_seconds.size(); ++i) {
      seen += static_cast<double>(pauses.counts[i]);
      if (seen >= all * part && pauses.counts[i] > 0) return pauses.bounds_seconds[i] * 1e6;
    }
    return pauses.bounds_seconds.back() * 1e6;
  };
  print_result(workload + "_gc_cycles", static_cast<double>(stats.cycles), "n");
  print_result(workload + "_gc_pause_p50", quantile(0.5), "us");
  print_result(workload + "_gc_pause_p99", quantile(0.99), "us");
  print_result(workload + "_gc_pause_max", quantile(1), "us");
}

struct Node {
  gc::Ptr<Node> left;
  gc::Ptr<Node> right;
};

gc::Ptr<Node> make_tree(int depth) {
  if (depth == 0) return gc::make<Node>();
  const gc::Ptr<Node> left = make_tree(depth - 1);
  return gc::make<Node>(left, make_tree(depth - 1));
}

std::int64_t count_nodes(const Node& tree) {
  return tree.left == nullptr ? 1 : 1 + count_nodes(*tree.left) + count_nodes(*tree.right);
}

struct WideNode {
  gc::Ptr<WideNode> next;
  gc::Ptr<WideNode> other;
  std::array<std::uint64_t, 6> payload{};
};

gc::Ptr<WideNode> make_wide_tree(int depth) {
  const auto tree = gc::make<WideNode>();
  if (depth > 0) {
    tree->next = make_wide_tree(depth - 1);
    tree->other = make_wide_tree(depth - 1);
  }
  return tree;
}

}  // namespace

std::int64_t alloc(std::int64_t objects_each) {
  allocate_often<Pointers<2>>("alloc16p", objects_each);
  allocate_often<Pointers<4>>("alloc32p", objects_each);
  allocate_often<Pointers<8>>("alloc64p", objects_each);
  allocate_often<Numbers<2>>("alloc16n", objects_each);
  allocate_often<Numbers<4>>("alloc32n", objects_each);
  allocate_often<Numbers<8>>("alloc64n", objects_each);
  return objects_each;
}

std::int64_t bintrees(std::int64_t depth) {
  const auto start = Clock::now();
  const auto deepest = static_cast<int>(depth);
  const gc::Ptr<Node> kept = make_tree(deepest);
  std::int64_t nodes = 0;
  for (int d = 4; d <= deepest; d += 4) {
    for (int i = 0; i < 1 << (deepest - d + 4); ++i) nodes += count_nodes(*make_tree(d));
  }
  nodes += count_nodes(*kept);
  const std::string metric = "bintrees" + std::to_string(depth);
  print_result(metric, ns_since(start) / 1e6, "ms");
  print_result(metric + "_rss_peak", peak_resident_bytes() / (1 << 20), "MiB");
  print_pauses(metric);
  return nodes;
}

namespace {

// Beats of a millisecond, while so many nodes of 64 bytes are alive, so many goroutines wait and one allocates.
void beat(const std::string& metric, std::size_t nodes, std::int64_t goroutines, std::int64_t beats) {
  constexpr std::size_t kLists = 4096;
  const auto heads = gc::make_array<gc::Ptr<WideNode>>(kLists);
  std::mt19937_64 random(1);
  for (std::size_t i = 0; i < nodes; ++i) {
    gc::Ptr<WideNode>& head = heads[i % kLists];
    head = gc::make<WideNode>(head, heads[random() % kLists]);
  }
  const auto park = novelo::make_chan<int>();
  novelo::WaitGroup parked;
  for (std::int64_t i = 0; i < goroutines; ++i) parked.go([park] { park.recv(); });
  gc::collect();
  std::atomic<bool> is_over{false};
  std::int64_t made = 0;
  novelo::WaitGroup mutator;
  mutator.go([&] {
    std::mt19937_64 places(3);
    while (!is_over.load(std::memory_order_relaxed)) {
      const gc::Ptr<WideNode> tree = make_wide_tree(10);
      heads[places() % kLists]->other = tree;
      made += 2047;
    }
  });
  std::vector<double> late_us;
  late_us.reserve(static_cast<std::size_t>(beats));
  auto next = Clock::now();
  for (std::int64_t i = 0; i < beats; ++i) {
    next += std::chrono::milliseconds(1);
    const auto left = next - Clock::now();
    if (left.count() > 0) novelo::sleep(absl::FromChrono(left));
    const double late_ns = ns_since(next);
    late_us.push_back(late_ns / 1e3);
    if (late_ns > 1e6) next = Clock::now();  // one stall does not count many times
  }
  is_over.store(true, std::memory_order_relaxed);
  mutator.wait();
  std::sort(late_us.begin(), late_us.end());
  const auto percentile = [&late_us](double part) {
    return late_us[static_cast<std::size_t>(std::ceil(part * static_cast<double>(late_us.size()))) - 1];
  };
  print_result(metric + "_heartbeat_p50", percentile(0.5), "us");
  print_result(metric + "_heartbeat_p99", percentile(0.99), "us");
  print_result(metric + "_heartbeat_max", late_us.back(), "us");
  print_result(metric + "_alloc_rate", static_cast<double>(made) / static_cast<double>(beats) / 1e3, "Mobj/s");
  print_result(metric + "_rss_peak", peak_resident_bytes() / (1 << 20), "MiB");
  print_pauses(metric);
  park.close();
  parked.wait();
}

std::int64_t interrupt(const std::string& name, std::size_t heap_mib, std::int64_t goroutines) {
  const bool is_trial = goroutines < 1000;
  beat(name + "_" + std::to_string(goroutines), heap_mib << (is_trial ? 8 : 14), goroutines, is_trial ? 100 : 3000);
  return goroutines;
}

}  // namespace

std::int64_t latency(std::int64_t beats) {
  beat("latency", std::size_t{1} << (beats < 1000 ? 18 : 24), 10'000, beats);  // few beats are a trial
  return beats;
}

std::int64_t interrupt_128m(std::int64_t goroutines) {
  return interrupt("interrupt_128m", 128, goroutines);
}
std::int64_t interrupt_1g(std::int64_t goroutines) {
  return interrupt("interrupt_1g", 1024, goroutines);
}
std::int64_t interrupt_4g(std::int64_t goroutines) {
  return interrupt("interrupt_4g", 4096, goroutines);
}

}  // namespace bench
