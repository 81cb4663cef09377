// novelo/gc/shape.h
// What the collector knows of a C++ type: which words of an object refer to others, and whether it has a destructor
// that matters. Programs use novelo/gc.h.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

namespace novelo::rt {

struct Layout;

struct ObjectShape {
  enum class Pointers : std::uint8_t {
    kNone,     // never looked into
    kExact,    // at `offsets` of each element
    kUnknown,  // every word may be one
  };
  Pointers pointers = Pointers::kNone;
  std::vector<std::uint32_t> offsets;  // bytes, ascending
  std::uint32_t element_bytes = 0;
  bool is_array = false;           // elements to the end of the object
  std::uint32_t header_bytes = 0;  // before the first of them
  void (*destroy)(void* object) noexcept = nullptr;
};

// One a C++ type that is allocated, and one for arrays of it. Constant-initialised; filled in at its first object.
struct CollectedType {
  ObjectShape (*describe)();
  std::size_t bytes = 0;  // of an object; 0: differs
  std::atomic<std::uint32_t> kind{0};
  std::atomic<const Layout*> layout{nullptr};
};

// An object, all zero. Throws RuntimeError outside goroutines, std::bad_alloc when memory ran out.
void* collected_new(CollectedType& type);
void* collected_new_array(CollectedType& type, std::size_t bytes);
// Its constructor has returned: the destructor is to be run once it is unreachable.
void collected_has_destructor(void* object) noexcept;

// True from before the first object is marked to after the last: what a store of a reference overwrites, and what it
// writes, is noted for the collector.
extern std::atomic<bool> is_barrier_on;
void note_store(const void* old_value, const void* new_value) noexcept;
inline void before_store(const void* old_value, const void* new_value) noexcept {
  if (is_barrier_on.load(std::memory_order_relaxed)) [[unlikely]]
    note_store(old_value, new_value);
}

// Debug builds of programs ask at each copy whether the collector looks at where it goes. Ends the process with a
// message that says what to do if it does not. Does nothing outside goroutines.
void check_reference_place(const void* place) noexcept;
#if defined(NOVELO_GC_CHECKS)
inline constexpr bool kChecksPlaces = true;
#else
inline constexpr bool kChecksPlaces = false;
#endif

// What lies there is about to be moved, overwritten or freed, and was not stored by a store that is noted: every word
// of it is looked at if the barrier is on. From any thread.
void note_moved(const void* from, std::size_t bytes) noexcept;

// Memory outside the collected heap that the collector looks into as long as it is not freed: closures, results,
// values of Local and Context. Any word of it may refer to an object. Throws std::bad_alloc.
void* allocate_traced(std::size_t bytes, std::size_t align);
void deallocate_traced(void* memory, std::size_t bytes, std::size_t align) noexcept;

// Throws RuntimeError if the system has given the collected heap no address space.
void require_collected_heap();

// Whether a value of T that lies in such memory, or goes through a channel, may refer to a collected object.
template <class T>
inline constexpr bool kMayRefer = !std::is_arithmetic_v<T> && !std::is_enum_v<T> && !std::is_empty_v<T>;
template <class T, std::size_t kCount>
inline constexpr bool kMayRefer<std::array<T, kCount>> = kMayRefer<T>;
template <class Traits>
inline constexpr bool kMayRefer<std::basic_string<char, Traits, std::allocator<char>>> = false;

template <class T>
struct TracedAllocator {
  using value_type = T;
  TracedAllocator() = default;
  template <class U>
  TracedAllocator(const TracedAllocator<U>&) noexcept {}
  T* allocate(std::size_t n) { return static_cast<T*>(allocate_traced(n * sizeof(T), alignof(T))); }
  void deallocate(T* memory, std::size_t n) noexcept { deallocate_traced(memory, n * sizeof(T), alignof(T)); }
  friend bool operator==(const TracedAllocator&, const TracedAllocator&) = default;
};

}  // namespace novelo::rt
