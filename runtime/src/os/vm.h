// runtime/src/os/vm.h
// Address space: reserving it, making parts usable, guarding, giving memory back.
//
//   who    the stack pool and the heap, on any stack
//   cost   system calls
//   tested tests/unit/os/vm_test.cc
#pragma once

#include <cstddef>

namespace novelo::rt {

// Address space without memory behind it, on no huge pages; nullptr when the system refuses.
void* vm_reserve(std::size_t bytes) noexcept;
void vm_release(void* address, std::size_t bytes) noexcept;

// Lets a part of a reservation be read and written; memory comes page by page at the first touch.
bool vm_make_usable(void* address, std::size_t bytes) noexcept;

// Lets the system use huge pages for a part of a reservation: memory comes two megabytes at a time then. A hint.
void vm_prefer_huge(void* address, std::size_t bytes) noexcept;
inline constexpr std::size_t kHugePageBytes = std::size_t{2} << 20;

// Any later access faults, also after vm_discard() of the range around it. False when the system has no means left.
bool vm_guard(void* address, std::size_t bytes) noexcept;

// How many guards can stand at one time. Where the kernel makes them without mappings of their own: any number; else so
// many that half of the mappings a process may have (vm.max_map_count) are left to the program.
std::size_t vm_guards_max() noexcept;

// Undoes vm_guard(): the range is usable again and reads as zero. Async-signal-safe.
bool vm_unguard(void* address, std::size_t bytes) noexcept;

// Copies memory of this process that may be guarded, or gone, meanwhile: false if some of it is. At most a page; a
// system call, or five where process_vm_readv is forbidden.
bool vm_read(const void* from, void* to, std::size_t bytes) noexcept;

// Brings memory in for the whole range at once, where the kernel can do that (Linux 5.14).
void vm_populate(void* address, std::size_t bytes) noexcept;

// Gives the memory back; the range stays usable and reads as zero.
void vm_discard(void* address, std::size_t bytes) noexcept;

}  // namespace novelo::rt
