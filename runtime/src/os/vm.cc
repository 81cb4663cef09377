// mmap, mprotect and madvise, and which kind of guard this kernel has.
#include "os/vm.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/atomic.h"

namespace novelo::rt {
namespace {

constexpr int kMadviseGuardInstall = 102;  // MADV_GUARD_INSTALL, Linux 6.13; older headers lack the name
constexpr int kMadviseGuardRemove = 103;   // MADV_GUARD_REMOVE, the same
constexpr int kMadvisePopulateWrite = 23;  // MADV_POPULATE_WRITE, Linux 5.14

enum class GuardKind : int { kUnknown, kMadvise, kMprotect };
Atomic<GuardKind> g_guard_kind{GuardKind::kUnknown};

// Through a pipe: the kernel reads the memory, and says so when it cannot.
bool read_by_pipe(const void* from, void* to, std::size_t bytes) noexcept {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return false;
  const auto wanted = static_cast<ssize_t>(bytes);
  const bool was_read = write(ends[1], from, bytes) == wanted && read(ends[0], to, bytes) == wanted;
  close(ends[0]);
  close(ends[1]);
  return was_read;
}

bool is_readable(const void* address) noexcept {
  char byte = 0;
  return read_by_pipe(address, &byte, 1);
}

}  // namespace

void* vm_reserve(std::size_t bytes) noexcept {
  void* address = mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (address == MAP_FAILED) return nullptr;
  madvise(address, bytes, MADV_NOHUGEPAGE);  // a huge page would commit the whole stack at its first touch
  return address;
}

void vm_release(void* address, std::size_t bytes) noexcept {
  munmap(address, bytes);
}

void vm_prefer_huge(void* address, std::size_t bytes) noexcept {
  madvise(address, bytes, MADV_HUGEPAGE);
}

bool vm_make_usable(void* address, std::size_t bytes) noexcept {
  return mprotect(address, bytes, PROT_READ | PROT_WRITE) == 0;
}

bool vm_guard(void* address, std::size_t bytes) noexcept {
  const int saved = errno;
  GuardKind kind = g_guard_kind.load(relaxed);
  if (kind != GuardKind::kMprotect) {
    const bool installed = madvise(address, bytes, kMadviseGuardInstall) == 0;
    // Emulators take unknown advice for granted, so the first guard is tried out.
    if (kind == GuardKind::kUnknown) {
      kind = installed && !is_readable(address) ? GuardKind::kMadvise : GuardKind::kMprotect;
      g_guard_kind.store(kind, relaxed);
    }
    if (kind == GuardKind::kMadvise && installed) {
      errno = saved;
      return true;
    }
  }
  const bool guarded = mprotect(address, bytes, PROT_NONE) == 0;
  errno = saved;
  return guarded;
}

std::size_t vm_guards_max() noexcept {
  constexpr std::size_t kProbeBytes = std::size_t{64} << 10;
  if (g_guard_kind.load(relaxed) == GuardKind::kUnknown) {
    void* probe = vm_reserve(kProbeBytes);
    if (probe != nullptr) {
      if (vm_make_usable(probe, kProbeBytes)) vm_guard(probe, kProbeBytes);
      vm_release(probe, kProbeBytes);
    }
  }
  if (g_guard_kind.load(relaxed) == GuardKind::kMadvise) return ~std::size_t{0};
  std::size_t mappings = 65530;  // the kernel's default
  if (std::FILE* file = std::fopen("/proc/sys/vm/max_map_count", "re")) {
    if (std::fscanf(file, "%zu", &mappings) != 1) mappings = 65530;
    std::fclose(file);
  }
  return mappings / 4;  // a guard parts a mapping: it costs itself and one more
}

bool vm_unguard(void* address, std::size_t bytes) noexcept {
  const int saved = errno;
  const bool is_usable = g_guard_kind.load(relaxed) == GuardKind::kMadvise
                             ? madvise(address, bytes, kMadviseGuardRemove) == 0
                             : mprotect(address, bytes, PROT_READ | PROT_WRITE) == 0;
  errno = saved;
  return is_usable;
}

bool vm_read(const void* from, void* to, std::size_t bytes) noexcept {
  const iovec local{to, bytes};
  const iovec remote{const_cast<void*>(from), bytes};
  const ssize_t copied = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
  // A sandbox may forbid the call, and an emulator not know it.
  if (copied < 0 && (errno == EPERM || errno == ENOSYS)) return read_by_pipe(from, to, bytes);
  return copied == static_cast<ssize_t>(bytes);
}

void vm_populate(void* address, std::size_t bytes) noexcept {
  const int saved = errno;
  madvise(address, bytes, kMadvisePopulateWrite);  // else each page comes with its first touch
  errno = saved;
}

void vm_discard(void* address, std::size_t bytes) noexcept {
  madvise(address, bytes, MADV_DONTNEED);
}

}  // namespace novelo::rt
