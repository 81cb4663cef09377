// novelo/gc/layout.h
// From a C++ type to its ObjectShape: which of its words are references, found by the members that plain structs have
// and that NOVELO_REFLECT names. Where members cannot be seen, every word may be one.
//
//   limits   std::optional and std::variant of references do not compile inside collected objects: a gc::Ptr that may
//   be
//            null says the same. Nor do references in memory of malloc (std::vector, std::unique_ptr): they would keep
//            nothing alive
//   used by  novelo/gc.h
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "novelo/gc/shape.h"
#include "novelo/reflect/describe.h"

namespace novelo::gc {

template <class T>
class Ptr;
template <class T>
class ArrayPtr;
template <class T>
class Root;
template <class T>
class Weak;

namespace internal {

using Pointers = rt::ObjectShape::Pointers;

// For types that say themselves where their references are.
template <class T>
struct Places {
  static constexpr bool kIsKnown = false;
};

// Types without references, though their members are not looked at.
template <class T>
inline constexpr bool kHoldsNone = std::is_arithmetic_v<T> || std::is_enum_v<T> || std::is_pointer_v<T> ||
                                   std::is_member_pointer_v<T> || std::is_empty_v<T>;
template <class T>
inline constexpr bool kHoldsNone<Root<T>> = true;
template <class T>
inline constexpr bool kHoldsNone<Weak<T>> = true;
template <class T>
inline constexpr bool kHoldsNone<std::atomic<T>> = true;
template <class Char, class Traits>
inline constexpr bool kHoldsNone<std::basic_string<Char, Traits, std::allocator<Char>>> = true;
template <>
inline constexpr bool kHoldsNone<absl::Time> = true;
template <>
inline constexpr bool kHoldsNone<absl::Duration> = true;
// A channel's elements are looked at as long as there is a handle to it.
template <class T>
inline constexpr bool kHoldsNone<Chan<T>> = true;
template <class T>
inline constexpr bool kHoldsNone<SendChan<T>> = true;
template <class T>
inline constexpr bool kHoldsNone<RecvChan<T>> = true;

// What a type keeps elsewhere, or in a place that it uses for one thing after the other.
template <class T>
struct Kept {
  using In = void;
};
struct InMalloc {};
struct InReusedPlace {};
template <class T>
struct Kept<std::vector<T, std::allocator<T>>> {
  using In = InMalloc;
  using Elements = std::tuple<T>;
};
template <class T, class D>
struct Kept<std::unique_ptr<T, D>> {
  using In = InMalloc;
  using Elements = std::tuple<std::remove_extent_t<T>>;
};
template <class T>
struct Kept<std::shared_ptr<T>> {
  using In = InMalloc;
  using Elements = std::tuple<std::remove_extent_t<T>>;
};
template <class T>
struct Kept<std::optional<T>> {
  using In = InReusedPlace;
  using Elements = std::tuple<T>;
};
template <class... T>
struct Kept<std::variant<T...>> {
  using In = InReusedPlace;
  using Elements = std::tuple<T...>;
};

template <class T>
struct ArrayOf {
  using Element = void;
};
template <class T, std::size_t kCount>
struct ArrayOf<std::array<T, kCount>> {
  using Element = T;
};
template <class T, std::size_t kCount>
struct ArrayOf<T[kCount]> {
  using Element = T;
};

template <class T>
struct IsPair : std::false_type {};
template <class A, class B>
struct IsPair<std::pair<A, B>> : std::true_type {};

template <class T>
constexpr bool has_members() {
  return IsPair<T>::value || reflect::internal::kIsDescribed<T> || reflect::internal::is_describable_aggregate<T>();
}

// Calls visit(member) for each member of `object`, which may be raw memory: only addresses are formed.
template <class T, class Visit>
void for_each_member(T& object, Visit visit) {
  if constexpr (IsPair<T>::value) {
    visit(object.first);
    visit(object.second);
  } else if constexpr (reflect::internal::kIsDescribed<T>) {
    std::apply([&](const auto&... members) { (visit(object.*members.pointer), ...); }, reflect::Access::fields<T>());
  } else {
    std::apply([&](auto*... members) { (visit(*members), ...); },
               reflect::internal::member_addresses<reflect::internal::Aggregate<T>::kCount>(object));
  }
}

template <class T>
auto described_members() {
  return std::apply(
      []<class... M>(const M&...) {
        return std::type_identity<
            std::tuple<std::remove_cvref_t<decltype(std::declval<T&>().*std::declval<M>().pointer)>...>>();
      },
      reflect::Access::fields<T>());
}
template <class... M>
auto without_pointers(std::tuple<M*...>) -> std::type_identity<std::tuple<std::remove_cv_t<M>...>>;

// The types of the members, as a tuple.
template <class T>
auto member_types() {
  if constexpr (IsPair<T>::value) {
    return std::type_identity<
        std::tuple<std::remove_cv_t<typename T::first_type>, std::remove_cv_t<typename T::second_type>>>();
  } else if constexpr (reflect::internal::kIsDescribed<T>) {
    return described_members<T>();
  } else {
    return decltype(without_pointers(
        reflect::internal::member_addresses<reflect::internal::Aggregate<T>::kCount>(std::declval<T&>())))();
  }
}

template <class T>
constexpr Pointers pointers_of();

template <class... T>
constexpr Pointers pointers_of_any(std::type_identity<std::tuple<T...>>) {
  return std::max({Pointers::kNone, pointers_of<T>()...});
}

// kUnknown if any member's members cannot be seen.
template <class T>
constexpr Pointers pointers_of() {
  if constexpr (Places<T>::kIsKnown) {
    return Pointers::kExact;
  } else if constexpr (kHoldsNone<T>) {
    return Pointers::kNone;
  } else if constexpr (!std::is_void_v<typename ArrayOf<T>::Element>) {
    return pointers_of<std::remove_cv_t<typename ArrayOf<T>::Element>>();
  } else if constexpr (!std::is_void_v<typename Kept<T>::In>) {
    constexpr bool kHoldsReferences =
        pointers_of_any(std::type_identity<typename Kept<T>::Elements>()) == Pointers::kExact;
    static_assert(!kHoldsReferences || !std::is_same_v<typename Kept<T>::In, InMalloc>,
                  "a collected object keeps references in memory of malloc, where they keep nothing alive: use "
                  "gc::Vector or gc::Ptr, or gc::Root for what must stay alive");
    static_assert(
        !kHoldsReferences || !std::is_same_v<typename Kept<T>::In, InReusedPlace>,
        "a collected object keeps a reference in a std::optional or std::variant: use a gc::Ptr, which may be "
        "null");
    return std::is_same_v<typename Kept<T>::In, InMalloc>
               ? Pointers::kNone
               : pointers_of_any(std::type_identity<typename Kept<T>::Elements>());
  } else if constexpr (has_members<T>()) {
    return pointers_of_any(decltype(member_types<T>())());
  } else {
    return Pointers::kUnknown;
  }
}

// Of an object of T that lies at `at`, as offsets from `base`.
template <class T>
void add_places(const std::byte* base, T& at, std::vector<std::uint32_t>& offsets) {
  using Plain = std::remove_cv_t<T>;
  if constexpr (pointers_of<Plain>() != Pointers::kExact) {
    return;
  } else if constexpr (Places<Plain>::kIsKnown) {
    const auto offset = reinterpret_cast<const std::byte*>(std::addressof(at)) - base;
    for (const std::size_t place : Places<Plain>::kOffsets) {
      offsets.push_back(static_cast<std::uint32_t>(static_cast<std::size_t>(offset) + place));
    }
  } else if constexpr (!std::is_void_v<typename ArrayOf<Plain>::Element>) {
    for (auto& element : at) add_places(base, element, offsets);
  } else {
    for_each_member(at, [&](auto& member) { add_places(base, member, offsets); });
  }
}

template <class T>
rt::ObjectShape shape_of() {
  rt::ObjectShape shape;
  shape.pointers = pointers_of<T>();
  shape.element_bytes = sizeof(T);
  if constexpr (pointers_of<T>() == Pointers::kExact) {
    const auto room = std::make_unique<reflect::internal::Layout<T>>();
    add_places(reinterpret_cast<const std::byte*>(&room->object()), room->object(), shape.offsets);
    std::sort(shape.offsets.begin(), shape.offsets.end());
  }
  return shape;
}

// Whether what happens in the destructor can be seen from outside.
template <class T>
inline constexpr bool kHasDestructor = !std::is_trivially_destructible_v<T>;

}  // namespace internal
}  // namespace novelo::gc
