// runtime/src/heap/kept_object.h
// Objects that the runtime keeps for itself, in a heap of their own: who looks through the program's memory does not
// find what they refer to, and what is left of their addresses is no channel's.
//
//   who        classes derive from it: records of processors, machines and goroutines, and what the collector notes
//   cost       a lock, as memory without a processor's cells
//   tested     tests/unit/heap/kept_object_test.cc
#pragma once

#include <cstddef>
#include <new>

#include "heap/heap.h"

namespace novelo::rt {

Heap& kept_heap() noexcept;

// From malloc when the heap has no more address space, and with AddressSanitizer. Throws std::bad_alloc.
inline void* allocate_kept(std::size_t bytes, std::size_t align) {
#if !defined(NOVELO_ASAN)
  if (void* memory = kept_heap().allocate(aligned_size(bytes, align), nullptr)) return memory;
#endif
  return ::operator new(bytes, std::align_val_t{align});
}
inline void deallocate_kept(void* memory, [[maybe_unused]] std::size_t bytes, std::size_t align) noexcept {
#if !defined(NOVELO_ASAN)
  if (kept_heap().contains(memory)) return kept_heap().deallocate(memory, aligned_size(bytes, align), nullptr);
#endif
  ::operator delete(memory, std::align_val_t{align});
}

class KeptObject {
 public:
  static void* operator new(std::size_t bytes) { return allocate_kept(bytes, alignof(std::max_align_t)); }
  static void* operator new(std::size_t bytes, std::align_val_t align) {
    return allocate_kept(bytes, static_cast<std::size_t>(align));
  }
  static void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
    try {
      return operator new(bytes);
    } catch (const std::bad_alloc&) {
      return nullptr;
    }
  }
  static void operator delete(void* memory, std::size_t bytes) noexcept {
    deallocate_kept(memory, bytes, alignof(std::max_align_t));
  }
  static void operator delete(void* memory, std::size_t bytes, std::align_val_t align) noexcept {
    deallocate_kept(memory, bytes, static_cast<std::size_t>(align));
  }
};

// For containers of such.
template <class T>
struct KeptAllocator {
  using value_type = T;
  KeptAllocator() = default;
  template <class U>
  KeptAllocator(const KeptAllocator<U>&) noexcept {}
  T* allocate(std::size_t n) { return static_cast<T*>(allocate_kept(n * sizeof(T), alignof(T))); }
  void deallocate(T* memory, std::size_t n) noexcept { deallocate_kept(memory, n * sizeof(T), alignof(T)); }
  friend bool operator==(const KeptAllocator&, const KeptAllocator&) = default;
};

}  // namespace novelo::rt
