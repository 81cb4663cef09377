// tests/support/model/explorer.h
// Runs a small concurrent program in every interleaving, and with every value that C++'s memory model lets its loads
// return, up to a bound on preemptions. The program is real code of the runtime compiled with NOVELO_MODEL, whose
// Atomic, fences and Lock are those of this folder.
//
//   how        threads are fibers; each access to an atomic is a point where another may go on, and a load where an
//              older value may be read. All of these choices are tried, depth first. Happens-before is kept with vector
//              clocks, so that a Plain that two threads touch without an order is found
//   the model  release, acquire, release sequences and fences as C++ has them. A sequentially consistent load learns
//              what fences and sequentially consistent stores before it have handed on; such a store, and a
//              read-modify-write, count as fences: both as on the machines, and a little more than C++ promises. A
//              failing compare-and-swap reads the newest value. A thread reads an older value of one object at most
//              kStaleMax times in a row. Nothing is read before it is written: what the machine does by delaying a
//              load behind a later store is not seen
//   tested     tests/model/explorer_test.cc
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace novelo::model {

inline constexpr std::size_t kThreadsMax = 4;
inline constexpr int kStaleMax = 2;

struct Options {
  int preemptions = 3;
  std::uint64_t executions_max = 3'000'000;
};

struct Result {
  std::uint64_t executions = 0;
  bool is_exhausted = false;  // every choice was tried
  std::string failure;        // the first; empty if there was none
};

// One execution: made anew for each.
class Program {
 public:
  // At most kThreadsMax.
  void thread(std::function<void()> body) { threads.push_back(std::move(body)); }
  // After all threads have ended.
  void at_end(std::function<void()> check) { end = std::move(check); }

  std::vector<std::function<void()>> threads;
  std::function<void()> end;
};

Result explore(const Options& options, const std::function<void(Program&)>& make);

// Within a program: fails the execution unless it holds.
void require(bool condition, const char* what);
// Within a thread: goes on when `is_true` is, which reads atomics by peek().
void wait_until(const std::function<bool()>& is_true);

// What happened before what: how much of each thread is known.
struct Clock {
  std::array<std::uint32_t, kThreadsMax + 1> of{};
  void join(const Clock& other) noexcept {
    for (std::size_t i = 0; i < of.size(); ++i) of[i] = std::max(of[i], other.of[i]);
  }
};

// One object's history.
class Location {
 public:
  explicit Location(std::uint64_t bits) noexcept : initial_(bits) {}

  std::uint64_t load(std::memory_order order);
  void store(std::uint64_t bits, std::memory_order order);
  // Reads the newest and stores what `change` makes of it, unless that says no.
  std::uint64_t change(const std::function<bool(std::uint64_t& bits)>& change, std::memory_order order,
                       std::memory_order failure);
  // The newest, for nobody in particular.
  std::uint64_t peek() const noexcept { return stores_.empty() ? initial_ : stores_.back().bits; }

 private:
  struct Store {
    std::uint64_t bits;
    std::size_t thread;
    std::uint32_t time;
    Clock released;  // what an acquiring reader learns
  };

  std::uint64_t initial_;
  std::vector<Store> stores_;
  std::array<std::uint16_t, kThreadsMax + 1> seen_{};  // stores that the thread may no longer read behind
  std::array<std::uint8_t, kThreadsMax + 1> stale_{};
};

void fence();
// A fence in every thread.
void fence_everywhere();

// Mutual exclusion, for code that has a lock beside its atomics.
class ModelLock {
 public:
  void lock();
  void unlock();

 private:
  bool is_taken_ = false;
  Clock released_;
};

// Plain data: two threads that touch it need an order between them.
template <class T>
class Plain {
 public:
  explicit Plain(T value = {}) : value_(value) {}
  T read() {
    check();
    return value_;
  }
  void write(T value) {
    check();
    value_ = value;
  }

 private:
  void check();
  T value_;
  std::size_t thread_ = kThreadsMax;
  std::uint32_t time_ = 0;
};

// The calling thread's number and time, and whether it knows of another's.
std::size_t thread_now() noexcept;
std::uint32_t time_now() noexcept;
bool knows(std::size_t thread, std::uint32_t time) noexcept;

template <class T>
void Plain<T>::check() {
  require(knows(thread_, time_), "a data race");
  thread_ = thread_now();
  time_ = time_now();
}

}  // namespace novelo::model
