// runtime/src/sched/memory.h
// Memory of the runtime's own objects: from the cells of the caller's processor, or the heap's when it holds none; from
// malloc when the heap has no more address space, and always with AddressSanitizer, whose errors are then found.
//
//   from   any thread, on any stack
//   cost   as heap/heap.h, and a pin of the processor
//   tested tests/unit/heap/heap_test.cc, and by every test that makes a channel
#pragma once

#include <cstddef>
#include <new>

#include "heap/collected_heap.h"
#include "heap/heap.h"
#include "sched/machine.h"
#include "sched/processor.h"

namespace novelo::rt {

#if defined(NOVELO_ASAN)
inline constexpr bool kHasOwnHeap = false;
#else
inline constexpr bool kHasOwnHeap = true;
#endif

// Throws std::bad_alloc.
inline void* allocate(std::size_t bytes, std::size_t align = alignof(std::max_align_t)) {
  if (kHasOwnHeap && align <= kHeapPageBytes) [[likely]] {
    const PinnedProcessor p;
    if (void* memory = Heap::get().allocate(aligned_size(bytes, align), p ? &p->cells : nullptr)) [[likely]]
      return memory;
  }
  return ::operator new(bytes, std::align_val_t{align});
}

// What was allocated with the same numbers, here or by allocate_traced().
inline void deallocate(void* memory, std::size_t bytes, std::size_t align = alignof(std::max_align_t)) noexcept {
  if (kHasOwnHeap && Heap::get().contains(memory)) [[likely]] {
    const PinnedProcessor p;
    Heap::get().deallocate(memory, aligned_size(bytes, align), p ? &p->cells : nullptr);
  } else if (CollectedHeap::exists() && CollectedHeap::get().contains(reinterpret_cast<std::uintptr_t>(memory))) {
    deallocate_traced(memory, bytes, align);
  } else {
    ::operator delete(memory, std::align_val_t{align});
  }
}

// Objects of classes derived from it are allocated so. They are destroyed by their own type or a virtual destructor.
class HeapObject {
 public:
  static void* operator new(std::size_t bytes) { return allocate(bytes); }
  static void* operator new(std::size_t, void* at) noexcept { return at; }
  static void operator delete(void* memory, std::size_t bytes) noexcept { deallocate(memory, bytes); }
  static void operator delete(void*, void*) noexcept {}
};

}  // namespace novelo::rt
