// Calls of the runtime for memory or a thread fail, one in each process that runs the same program. It does what it
// should all the same, or says in words what was refused. Nothing else: no fault, no hang, no wrong result.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <string>
#include <utility>

#include "gc/cycle.h"
#include "novelo/gc.h"
#include "novelo/novelo.h"
#include "stack/cold_stacks.h"

namespace {

// The calls of this process so far, and the one that fails.
std::atomic<long> g_calls{0};
std::atomic<long> g_failing{-1};
std::atomic<int> g_error{0};
std::atomic<bool> g_is_counting{false};

bool fails() {
  if (!g_is_counting.load()) return false;
  if (g_calls.fetch_add(1) != g_failing.load()) return false;
  errno = g_error.load();
  return true;
}

}  // namespace

// Those of the C library for its own purposes do not come here.
extern "C" {

void* mmap(void* address, size_t bytes, int protection, int flags, int file, off_t offset) noexcept {
  if (fails()) return MAP_FAILED;
  return reinterpret_cast<void*>(syscall(SYS_mmap, address, bytes, protection, flags, file, offset));
}

int mprotect(void* address, size_t bytes, int protection) noexcept {
  return fails() ? -1 : static_cast<int>(syscall(SYS_mprotect, address, bytes, protection));
}

int madvise(void* address, size_t bytes, int advice) noexcept {
  return fails() ? -1 : static_cast<int>(syscall(SYS_madvise, address, bytes, advice));
}

// Of a page fault's descriptor alone.
int ioctl(int file, unsigned long request, ...) noexcept {
  va_list arguments;
  va_start(arguments, request);
  void* const argument = va_arg(arguments, void*);
  va_end(arguments);
  if (_IOC_TYPE(request) == UFFDIO && fails()) return -1;
  return static_cast<int>(syscall(SYS_ioctl, file, request, argument));
}

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*body)(void*), void* argument) noexcept {
  using Create = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
  static const auto create = reinterpret_cast<Create>(dlsym(RTLD_NEXT, "pthread_create"));
  return fails() ? EAGAIN : create(thread, attributes, body, argument);
}

}  // extern "C"

namespace novelo {
namespace {

constexpr int kDone = 0;
constexpr int kWrong = 1;
constexpr int kRefused = 3;  // with words

struct Node {
  gc::Ptr<Node> next;
  std::int64_t value = 0;
};

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "wrong: %s\n", what);
  std::_Exit(kWrong);
}

gc::Ptr<Node> make_list(int n) {
  gc::Ptr<Node> head;
  for (int i = 0; i < n; ++i) head = gc::make<Node>(head, i);
  return head;
}

void check_list(gc::Ptr<Node> head, int n) {
  for (int i = n - 1; i >= 0; --i, head = head->next) require(head != nullptr && head->value == i, "a list");
  require(head == nullptr, "the end of a list");
}

[[gnu::noinline]] bool use(std::size_t bytes) {  // NOLINT(misc-no-recursion)
  std::array<volatile unsigned char, 1024> frame;
  frame[0] = static_cast<unsigned char>(bytes >> 10);
  const bool deeper = bytes <= frame.size() || use(bytes - frame.size());
  return deeper && frame[0] == static_cast<unsigned char>(bytes >> 10);
}

// Stacks of all kinds, cells, large objects, what is given back and taken again, and more threads than processors.
void program() {
  const auto gate = make_chan<int>();
  WaitGroup group;
  group.go([] { require(use(std::size_t{3} << 20), "a stack that grew"); });
  std::atomic<int> woken{0};
  constexpr int kMany = 100;
  for (int i = 0; i < kMany; ++i) {
    group.go([&woken, gate] {
      gate.recv();
      ++woken;
    });
  }
  for (int i = 0; i < 3; ++i) {
    group.go(with_stack<(std::size_t{4} << 20)>([] { require(use(std::size_t{3} << 20), "a large stack"); }));
  }
  group.go([] {
    require(grow_stack(std::size_t{2} << 20, [] { return use(std::size_t{1} << 20); }), "a stack beside another");
  });
  for (int i = 0; i < 6; ++i) {
    group.go([] { blocking([] { sched_yield(); }); });
  }
  for (int round = 0; round < 2; ++round) {
    const auto list = make_list(5'000);
    for (int i = 0; i < 2; ++i) {
      const auto large = gc::make_array<char>(std::size_t{3} << 20);
      require(std::all_of(large.begin(), large.end(), [](char c) { return c == 0; }), "memory that is zero");
      std::fill(large.begin(), large.end(), 'x');
    }
    gc::collect();
    check_list(list, 5'000);
  }
  const auto buffered = make_chan<std::array<char, 4096>>(1000);
  buffered.send({});
  gate.close();
  group.wait();
  require(woken == kMany, "who was woken");
  gc::collect();
}

// Stacks that are kept without memory, touched by others, and put back. What fails does so from the first of them on.
void compact_stacks() {
  g_is_counting = false;
  rt::Collector::get().set_settled_after(0);
  WaitGroup group;
  std::atomic<int> whole{0};
  const auto start = [&](const Chan<int>& gate, std::atomic<std::int64_t*>& place) {
    group.go([gate, &place, &whole] {
      std::int64_t number = 1;
      place = &number;
      gate.recv();
      if (number == 2) ++whole;
    });
  };
  std::array<std::atomic<std::int64_t*>, 40> places{};
  const auto open_gate = make_chan<int>();
  open_gate.close();
  for (int i = 0; i < 70; ++i) start(open_gate, places[0]);  // the first of a kind stand elsewhere
  group.wait();
  const auto gate = make_chan<int>();
  for (auto& place : places) start(gate, place);
  while (runtime_stats().goroutines_waiting < places.size()) yield();
  gc::collect();
  g_is_counting = true;
  // Waits are told apart by a clock of some milliseconds.
  for (int i = 0; i < 200 && runtime_stats().stacks_compacted < places.size() / 2; ++i) gc::collect();
  for (auto& place : places) require(std::exchange(*place.load(), 2) == 1, "a number on a compact stack");
  for (int i = 0; i < 2; ++i) gc::collect();
  gate.close();
  group.wait();
  g_is_counting = false;
  require(whole == static_cast<int>(places.size()), "what was written to compact stacks");
}

int run_program(void (*program)()) {
  g_is_counting = true;
  try {
    RuntimeOptions options;
    options.max_procs = 2;
    options.max_goroutines = 2000;
    options.max_stack_bytes = std::size_t{16} << 20;
    Runtime runtime(std::move(options));
    runtime.run(program);
  } catch (const std::bad_alloc&) {
    std::fprintf(stderr, "refused: out of memory\n");  // what C++ says
    return kRefused;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "refused: %s\n", error.what());
    return kRefused;
  }
  return kDone;
}

struct Outcome {
  int status = 0;
  std::string text;
};

// In a process of its own, in which the call fails.
Outcome run_failing(void (*program)(), long call, int error) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    close(ends[0]);
    close(ends[1]);
    alarm(60);
    g_failing = call;
    g_error = error;
    const int code = run_program(program);
    if (call < 0) std::fprintf(stderr, "%ld", g_calls.load());
    std::_Exit(code);
  }
  close(ends[1]);
  Outcome outcome;
  std::array<char, 4096> part;
  for (ssize_t n = 0; (n = read(ends[0], part.data(), part.size())) > 0;) {
    outcome.text.append(part.data(), static_cast<std::size_t>(n));
  }
  close(ends[0]);
  EXPECT_EQ(waitpid(child, &outcome.status, 0), child);
  return outcome;
}

bool is_clear(const Outcome& outcome) {
  if (WIFEXITED(outcome.status)) {
    if (WEXITSTATUS(outcome.status) == kDone) return true;
    return WEXITSTATUS(outcome.status) == kRefused && outcome.text.find("refused: ") != std::string::npos;
  }
  return WTERMSIG(outcome.status) == SIGABRT && outcome.text.find("novelo: fatal: ") != std::string::npos &&
         outcome.text.find("invariant") == std::string::npos;
}

std::string described(const Outcome& outcome) {
  std::string text = WIFEXITED(outcome.status) ? "exit code " + std::to_string(WEXITSTATUS(outcome.status))
                                               : "signal " + std::to_string(WTERMSIG(outcome.status));
  return text + ": " + outcome.text;
}

class MemoryFaults : public ::testing::TestWithParam<int> {};

void expect_clear_outcomes(void (*program)(), int error, long calls_min) {
  const Outcome whole = run_failing(program, -1, 0);
  ASSERT_TRUE(WIFEXITED(whole.status) && WEXITSTATUS(whole.status) == kDone) << described(whole);
  const long calls = std::atol(whole.text.c_str());
  ASSERT_GE(calls, calls_min) << described(whole);
  int borne = 0;
  // Each call of a start, which comes once; later many are alike.
  constexpr long kStart = 200;
  constexpr long kStep = 7;
  for (long call = 0; call < calls; call += call < kStart ? 1 : kStep) {
    const Outcome outcome = run_failing(program, call, error);
    EXPECT_TRUE(is_clear(outcome)) << "call " << call << " of " << calls << ", " << std::strerror(error) << ": "
                                   << described(outcome);
    if (WIFEXITED(outcome.status) && WEXITSTATUS(outcome.status) == kDone) ++borne;
  }
  EXPECT_GT(borne, 0);
}

TEST_P(MemoryFaults, AreBorneOrNamed) {
  expect_clear_outcomes(program, GetParam(), 40);
}

TEST_P(MemoryFaults, OfCompactStacksAreBorneOrNamed) {
  // Where the system does not allow them, the little that comes before.
  expect_clear_outcomes(compact_stacks, GetParam(), rt::ColdStacks::is_allowed() ? 40 : 1);
}

INSTANTIATE_TEST_SUITE_P(Errors, MemoryFaults, ::testing::Values(ENOMEM, EPERM, EAGAIN),
                         [](const auto& error) { return std::string(strerrorname_np(error.param)); });

}  // namespace
}  // namespace novelo
