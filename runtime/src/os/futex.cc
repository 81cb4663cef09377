// The futex system call, which has no wrapper in the C library.
#include "os/futex.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>

namespace novelo::rt {
namespace {

static_assert(sizeof(Atomic<std::uint32_t>) == sizeof(std::uint32_t));

void futex(const Atomic<std::uint32_t>& word, int operation, std::uint32_t value, const timespec* deadline) noexcept {
  const int saved = errno;  // the caller's errno is not ours to change
  syscall(SYS_futex, reinterpret_cast<const std::uint32_t*>(&word), operation | FUTEX_PRIVATE_FLAG, value, deadline,
          nullptr, FUTEX_BITSET_MATCH_ANY);
  errno = saved;
}

}  // namespace

void futex_wait(const Atomic<std::uint32_t>& word, std::uint32_t expected) noexcept {
  futex(word, FUTEX_WAIT_BITSET, expected, nullptr);
}

void futex_wait_until(const Atomic<std::uint32_t>& word, std::uint32_t expected, std::int64_t deadline_ns) noexcept {
  // WAIT_BITSET takes an absolute time on the monotonic clock.
  const timespec deadline{deadline_ns / 1'000'000'000, deadline_ns % 1'000'000'000};
  futex(word, FUTEX_WAIT_BITSET, expected, &deadline);
}

void futex_wake(const Atomic<std::uint32_t>& word, int count) noexcept {
  futex(word, FUTEX_WAKE_BITSET, static_cast<std::uint32_t>(count), nullptr);
}

}  // namespace novelo::rt
