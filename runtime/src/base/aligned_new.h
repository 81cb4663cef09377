// runtime/src/base/aligned_new.h
// Memory for an object whose alignment is known when the program runs. The plain forms of new and delete are used where
// they are enough: those with an alignment cost several times as much.
#pragma once

#include <cstddef>
#include <new>

namespace novelo::rt {

// What `new` uses for a type of that alignment.
inline void* allocate(std::size_t bytes, std::size_t align) {
  if (align <= __STDCPP_DEFAULT_NEW_ALIGNMENT__) return ::operator new(bytes);
  return ::operator new(bytes, std::align_val_t{align});
}

inline void deallocate(void* memory, std::size_t align) noexcept {
  if (align <= __STDCPP_DEFAULT_NEW_ALIGNMENT__) {
    ::operator delete(memory);
  } else {
    ::operator delete(memory, std::align_val_t{align});
  }
}

}  // namespace novelo::rt
