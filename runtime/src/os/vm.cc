// mmap, mprotect and madvise, and which kind of guard this kernel has.
#include "os/vm.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

#include "base/atomic.h"
#include "base/lock.h"

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

// What is set apart, by address. Beyond the bound nothing more is noted: what is looked through is more then.
class Ranges {
 public:
  void add(VmRange range) noexcept {
    const LockGuard guard(lock_);
    if (size_ == ranges_.size()) return;
    std::size_t at = size_++;
    for (; at > 0 && ranges_[at - 1].begin > range.begin; --at) ranges_[at] = ranges_[at - 1];
    ranges_[at] = range;
  }
  void remove(std::uintptr_t begin) noexcept {
    const LockGuard guard(lock_);
    const auto first = ranges_.begin();
    const auto last = first + static_cast<std::ptrdiff_t>(size_);
    const auto found = std::find_if(first, last, [begin](const VmRange& one) { return one.begin == begin; });
    if (found == last) return;
    std::copy(found + 1, last, found);
    --size_;
  }
  std::size_t copy(std::span<VmRange> to) noexcept {
    const LockGuard guard(lock_);
    std::copy_n(ranges_.begin(), std::min(size_, to.size()), to.begin());
    return size_;
  }

 private:
  Lock<LockRank::kAddressSpace> lock_;
  std::array<VmRange, 512> ranges_ NOVELO_GUARDED_BY(lock_){};
  std::size_t size_ NOVELO_GUARDED_BY(lock_) = 0;
};
constinit Ranges g_set_apart;

}  // namespace

VmSetApart::VmSetApart(const void* address, std::size_t bytes) noexcept
    : begin_(reinterpret_cast<std::uintptr_t>(address)) {
  g_set_apart.add({begin_, begin_ + bytes});
}

VmSetApart::~VmSetApart() {
  g_set_apart.remove(begin_);
}

std::size_t vm_ranges_set_apart(std::span<VmRange> to) noexcept {
  return g_set_apart.copy(to);
}

std::size_t vm_share(std::size_t bytes, std::size_t part) noexcept {
  rlimit limit{};
  const bool is_limited = getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
  return is_limited ? std::min<std::size_t>(bytes, limit.rlim_cur / part) : bytes;
}

void* vm_reserve(std::size_t bytes) noexcept {
  void* address = mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (address == MAP_FAILED) return nullptr;
  madvise(address, bytes, MADV_NOHUGEPAGE);  // a huge page would commit the whole stack at its first touch
  madvise(address, bytes, MADV_DONTDUMP);    // debuggers write what may not even be read into their core files
  const auto begin = reinterpret_cast<std::uintptr_t>(address);
  g_set_apart.add({begin, begin + bytes});
  return address;
}

void vm_release(void* address, std::size_t bytes) noexcept {
  g_set_apart.remove(reinterpret_cast<std::uintptr_t>(address));
  munmap(address, bytes);
}

void vm_prefer_huge(void* address, std::size_t bytes) noexcept {
  madvise(address, bytes, MADV_HUGEPAGE);
}

bool vm_make_usable(void* address, std::size_t bytes) noexcept {
  const int saved = errno;
  const bool is_usable = mprotect(address, bytes, PROT_READ | PROT_WRITE) == 0;
  if (is_usable) madvise(address, bytes, MADV_DODUMP);
  errno = saved;
  return is_usable;
}

void vm_leave_out_of_core(void* address, std::size_t bytes) noexcept {
  madvise(address, bytes, MADV_DONTDUMP);
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
    if (kind == GuardKind::kMadvise) {  // the other kind would outlast vm_unguard()
      errno = saved;
      return installed;
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

bool vm_reads_at_once() noexcept {
  char from = 0;
  char to = 0;
  const iovec local{&to, 1};
  const iovec remote{&from, 1};
  return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == 1;
}

void vm_populate(void* address, std::size_t bytes) noexcept {
  const int saved = errno;
  madvise(address, bytes, kMadvisePopulateWrite);  // else each page comes with its first touch
  errno = saved;
}

bool vm_discard(void* address, std::size_t bytes) noexcept {
  const int saved = errno;
  const bool is_discarded = madvise(address, bytes, MADV_DONTNEED) == 0;
  errno = saved;
  return is_discarded;
}

}  // namespace novelo::rt
