// novelo/gc/containers.h
// Standard containers whose storage is on the collected heap: their elements are looked at, and need not be freed.
// Included by novelo/gc.h.
//
//   from   as gc::make(): goroutines
//   cost   as with std::allocator, and a load and a branch where an element or a buffer is exchanged
#pragma once

#include <array>
#include <cstddef>
#include <iterator>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "novelo/gc/layout.h"
#include "novelo/gc/shape.h"

namespace novelo::gc {

namespace internal {

// What containers hold their storage by: a pointer whose stores the collector is told of.
template <class T>
class StoragePtr {
 public:
  using element_type = T;
  using value_type = std::remove_cv_t<T>;
  using difference_type = std::ptrdiff_t;
  using pointer = StoragePtr;
  using reference = std::add_lvalue_reference_t<T>;
  using iterator_category = std::random_access_iterator_tag;
  template <class U>
  using rebind = StoragePtr<U>;

  constexpr StoragePtr() noexcept = default;
  constexpr StoragePtr(std::nullptr_t) noexcept {}
  StoragePtr(T* at) noexcept : at_(at) {}
  StoragePtr(const StoragePtr&) noexcept = default;
  template <class U>
    requires(std::is_convertible_v<U*, T*> && !std::is_same_v<U, T>)
  StoragePtr(const StoragePtr<U>& other) noexcept : at_(other.operator->()) {}
  // NOLINTNEXTLINE(bugprone-unhandled-self-assignment,cert-oop54-cpp): it does no harm
  StoragePtr& operator=(const StoragePtr& other) noexcept {
    move_to(other.at_);
    return *this;
  }
  static StoragePtr pointer_to(reference element) noexcept { return StoragePtr(std::addressof(element)); }

  reference operator*() const noexcept { return *at_; }
  T* operator->() const noexcept { return at_; }
  operator T*() const noexcept { return at_; }  // both ways, as std::basic_string takes for granted
  // Within one storage: what it refers to stays the same.
  StoragePtr& operator++() noexcept { return *this += 1; }
  StoragePtr& operator--() noexcept { return *this -= 1; }
  StoragePtr operator++(int) noexcept { return StoragePtr(at_++); }
  StoragePtr operator--(int) noexcept { return StoragePtr(at_--); }
  StoragePtr& operator+=(difference_type n) noexcept {
    at_ += n;
    return *this;
  }
  StoragePtr& operator-=(difference_type n) noexcept {
    at_ -= n;
    return *this;
  }
  friend StoragePtr operator+(StoragePtr p, difference_type n) noexcept { return StoragePtr(p.at_ + n); }
  friend StoragePtr operator+(difference_type n, StoragePtr p) noexcept { return StoragePtr(p.at_ + n); }
  friend StoragePtr operator-(StoragePtr p, difference_type n) noexcept { return StoragePtr(p.at_ - n); }
  friend difference_type operator-(const StoragePtr& a, const StoragePtr& b) noexcept { return a.at_ - b.at_; }
  friend bool operator==(const StoragePtr&, const StoragePtr&) noexcept = default;
  friend auto operator<=>(const StoragePtr&, const StoragePtr&) noexcept = default;
  friend bool operator==(const StoragePtr& p, std::nullptr_t) noexcept { return p.at_ == nullptr; }

 private:
  void move_to(T* at) noexcept {
    rt::before_store(at_, at);
    at_ = at;
  }
  T* at_ = nullptr;
};

template <class T>
rt::ObjectShape storage_shape() {
  rt::ObjectShape shape = shape_of<T>();
  shape.is_array = true;
  return shape;
}
template <class T>
inline constinit rt::CollectedType storage_type{.describe = storage_shape<T>};

}  // namespace internal

// For std::vector and std::basic_string; what they let go is found by the collector.
template <class T>
class Allocator {
 public:
  using value_type = T;
  using pointer = internal::StoragePtr<T>;
  using is_always_equal = std::true_type;
  using propagate_on_container_copy_assignment = std::true_type;
  using propagate_on_container_move_assignment = std::true_type;
  using propagate_on_container_swap = std::true_type;

  Allocator() noexcept = default;
  template <class U>
  Allocator(const Allocator<U>&) noexcept {}

  pointer allocate(std::size_t n) {
    static_assert(alignof(T) <= alignof(std::max_align_t), "collected objects are aligned to 16 bytes");
    // One byte more, so that a pointer past the last element is one into the storage.
    return pointer(static_cast<T*>(rt::collected_new_array(internal::storage_type<T>, n * sizeof(T) + 1)));
  }
  void deallocate(pointer, std::size_t) noexcept {}
  // Into a place that may have held an element before, which a goroutine may have copied meanwhile.
  template <class U, class... A>
  void construct(U* at, A&&... args) {
    if constexpr (internal::pointers_of<U>() != internal::Pointers::kNone) {
      if (rt::is_barrier_on.load(std::memory_order_relaxed)) [[unlikely]]
        rt::note_moved(at, sizeof(U));
    }
    ::new (static_cast<void*>(at)) U(std::forward<A>(args)...);
  }
  friend bool operator==(const Allocator&, const Allocator&) noexcept = default;
};

template <class T>
using Vector = std::vector<T, Allocator<T>>;
using String = std::basic_string<char, std::char_traits<char>, Allocator<char>>;

namespace internal {

// Both hold the beginning of their storage first.
template <class T>
struct Places<std::vector<T, Allocator<T>>> {
  static_assert(!std::is_same_v<T, bool>, "use gc::Vector<char>");
  static constexpr bool kIsKnown = true;
  static constexpr std::array<std::size_t, 1> kOffsets = {0};
};
template <class Char, class Traits>
struct Places<std::basic_string<Char, Traits, Allocator<Char>>> {
  static constexpr bool kIsKnown = true;
  static constexpr std::array<std::size_t, 1> kOffsets = {0};
};

}  // namespace internal
}  // namespace novelo::gc
