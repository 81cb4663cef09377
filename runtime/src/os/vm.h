// runtime/src/os/vm.h
// Address space: reserving it, making parts usable, guarding, giving memory back.
//
//   who    the stack pool and the heap, on any stack; who looks for goroutines that wait for ever
//   cost   system calls
//   tested tests/unit/os/vm_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace novelo::rt {

// `bytes`, or that part (4: a quarter) of the address space that this process may have (RLIMIT_AS), if that is less.
// All reservations together leave half of it to the program.
std::size_t vm_share(std::size_t bytes, std::size_t part) noexcept;

// Address space without memory behind it, on no huge pages; nullptr when the system refuses. It is set apart.
void* vm_reserve(std::size_t bytes) noexcept;
void vm_release(void* address, std::size_t bytes) noexcept;

// Memory that the runtime keeps for itself, as long as this lives: not looked through by who looks through the memory
// of the program.
class VmSetApart {
 public:
  VmSetApart(const void* address, std::size_t bytes) noexcept;
  ~VmSetApart();
  VmSetApart(const VmSetApart&) = delete;
  VmSetApart& operator=(const VmSetApart&) = delete;

 private:
  const std::uintptr_t begin_;
};
struct VmRange {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
};
// By their addresses; the number of those there are, and the first of them.
std::size_t vm_ranges_set_apart(std::span<VmRange> to) noexcept;

// Lets a part of a reservation be read and written; memory comes page by page at the first touch. Core files hold what
// is usable, but for what is left out of them.
bool vm_make_usable(void* address, std::size_t bytes) noexcept;
void vm_leave_out_of_core(void* address, std::size_t bytes) noexcept;

// Lets the system use huge pages for a part of a reservation: memory comes two megabytes at a time then. A hint.
void vm_prefer_huge(void* address, std::size_t bytes) noexcept;
inline constexpr std::size_t kHugePageBytes = std::size_t{2} << 20;

// Any later access faults, also after vm_discard() of the range around it. False when the system has no means left;
// it may be asked again.
bool vm_guard(void* address, std::size_t bytes) noexcept;

// How many guards can stand at one time. Where the kernel makes them without mappings of their own: any number; else so
// many that half of the mappings a process may have (vm.max_map_count) are left to the program.
std::size_t vm_guards_max() noexcept;

// Undoes vm_guard(): the range is usable again and reads as zero. Async-signal-safe.
bool vm_unguard(void* address, std::size_t bytes) noexcept;

// Copies memory of this process that may be guarded, or gone, meanwhile: false if some of it is. At most 64 KiB; a
// system call, or five where process_vm_readv is forbidden.
bool vm_read(const void* from, void* to, std::size_t bytes) noexcept;

// Whether that is one system call: tried.
bool vm_reads_at_once() noexcept;

// Brings memory in for the whole range at once, where the kernel can do that (Linux 5.14).
void vm_populate(void* address, std::size_t bytes) noexcept;

// Gives the memory back; the range stays usable and reads as zero. False, and everything as it was, where the system
// refuses: a process that locks its memory (mlockall) keeps it.
bool vm_discard(void* address, std::size_t bytes) noexcept;

}  // namespace novelo::rt
