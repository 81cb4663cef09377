// Kernels and sandboxes that refuse calls: MADV_GUARD_INSTALL, which none knew before 6.13, and process_vm_readv. A
// seccomp filter refuses them, in a process of its own.
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "novelo/novelo.h"

namespace novelo {
namespace {

#if !defined(__SANITIZE_THREAD__)  // it knows 8000 goroutines at most, and tests/conformance/stack_test.cc says more

struct Refusal {
  unsigned call;
  unsigned argument;  // the third, if `has_argument`
  bool has_argument;
  unsigned error;
};

constexpr Refusal kGuardInstall = {SYS_madvise, 102, true, EINVAL};
constexpr Refusal kReadMemory = {SYS_process_vm_readv, 0, false, EPERM};

// The call fails with the error from now on.
bool refuse(const Refusal& refused) {
  sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, refused.call, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args) + 2 * sizeof(std::uint64_t)),
      BPF_JUMP(BPF_JMP | (refused.has_argument ? BPF_JEQ : BPF_JGE) | BPF_K, refused.argument, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | refused.error),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{.len = sizeof(filter) / sizeof(*filter), .filter = filter};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

// Ends the process with 0 if the body returns true.
template <class F>
[[noreturn]] void run_without(const Refusal& refused, const RuntimeOptions& limits, F body) {
  if (!refuse(refused)) std::_Exit(2);
  RuntimeOptions options;
  options.max_procs = 2;
  options.max_goroutines = limits.max_goroutines;
  options.max_stack_bytes = limits.max_stack_bytes;
  bool was_right = false;
  Runtime(std::move(options)).run([&] { was_right = body(); });
  std::_Exit(was_right ? 0 : 1);
}

[[maybe_unused, gnu::noinline]] int descend(int depth) {  // NOLINT(misc-no-recursion)
  volatile char frame[512];
  frame[0] = 1;
  yield();
  return depth < 0 ? 0 : descend(depth + 1) + frame[0];
}

class RefusedCalls : public ::testing::Test {
 protected:
  RefusedCalls() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
  RuntimeOptions limits_;
};

TEST_F(RefusedCalls, WithoutGuardInstallStacksGrowAndOverflowAllTheSame) {
  limits_.max_goroutines = 2000;
  limits_.max_stack_bytes = 40 << 20;
  EXPECT_EXIT(run_without(kGuardInstall, limits_,
                          [] {
                            for (int i = 0; i < 3; ++i) {
                              try {
                                spawn([] { descend(0); }).join();
                                return false;
                              } catch (const StackOverflow&) {
                              }
                            }
                            const RuntimeStats stats = runtime_stats();
                            return stats.stack_overflows_total == 3 && stats.stack_grown_total >= 3;
                          }),
              ::testing::ExitedWithCode(0), "");
}

// The mappings of a process are bounded: no goroutine may fail half-way because they are used up.
TEST_F(RefusedCalls, WithoutGuardInstallTheNumberOfGoroutinesIsBoundedAndTheErrorSaysByWhat) {
  limits_.max_goroutines = 4'000'000;
  EXPECT_EXIT(run_without(kGuardInstall, limits_,
                          [] {
                            auto gate = make_chan<Unit>();
                            std::size_t started = 0;
                            std::string refused;
                            while (started < 100'000 && refused.empty()) {
                              try {
                                go([gate] { gate.recv(); });
                                if (++started % 1000 == 0) yield();
                              } catch (const RuntimeError& error) {
                                refused = error.what();
                              }
                            }
                            while (runtime_stats().goroutines_waiting < started) yield();
                            gate.close();
                            while (num_goroutines() > 1) yield();
                            return started > 1000 && refused.find("vm.max_map_count") != std::string::npos;
                          }),
              ::testing::ExitedWithCode(0), "");
}

[[gnu::noinline]] void wait_deep_down(const RecvChan<int>& gate) {
  gate.recv();
}

TEST_F(RefusedCalls, WithoutProcessVmReadvDumpsShowTheCallsAllTheSame) {
  limits_.max_goroutines = 2000;
  EXPECT_EXIT(run_without(kReadMemory, limits_,
                          [] {
                            auto gate = make_chan<int>();
                            auto handle = spawn([gate] { wait_deep_down(gate); });
                            while (runtime_stats().goroutines_waiting < 1) yield();
                            const std::string dump = dump_goroutines();
                            gate.close();
                            handle.join();
                            return dump.find("wait_deep_down") != std::string::npos;
                          }),
              ::testing::ExitedWithCode(0), "");
}

#endif

}  // namespace
}  // namespace novelo
