// novelo/reflect/aggregate.h
// How many data members a plain struct has, and pointers to each: by brace initialisation and structured bindings,
// since the language has no other way to ask.
//
//   used by     novelo/reflect/describe.h; evaluated while compiling
//   limits      64 members and elements of C arrays; no base classes, no references, no bit fields (NOVELO_REFLECT is
//   for
//               the rest)
//   checked by  tests/unit/reflect/type_test.cc
#pragma once

#include <cstddef>
#include <cstdlib>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "novelo/reflect/names.h"

namespace novelo::reflect::internal {

inline constexpr std::size_t kAggregateFieldsMax = 64;

// Converts to whatever a member wants to be initialised with.
struct AnyField {
  template <class T>
  operator T() const noexcept {
    std::abort();  // never runs: it stands in unevaluated expressions only
  }
};

// Converts to the base classes of T alone.
template <class T>
struct AnyBase {
  template <class Base>
    requires(std::is_base_of_v<Base, T> && !std::is_same_v<Base, T>)
  operator Base() const noexcept {
    std::abort();
  }
};

template <class T, std::size_t... kIndex>
constexpr bool can_init(std::index_sequence<kIndex...>) {
  return requires { T{(static_cast<void>(kIndex), AnyField{})...}; };
}

template <class T>
inline constexpr bool kHasBase = requires { T{AnyBase<T>{}}; };

// Whether T takes kBefore initialisers, one in braces of kInside, and kAfter more.
template <class T, std::size_t... kBefore, std::size_t... kInside, std::size_t... kAfter>
constexpr bool can_nest(std::index_sequence<kBefore...>, std::index_sequence<kInside...>,
                        std::index_sequence<kAfter...>) {
  return requires {
    T{(static_cast<void>(kBefore), AnyField{})...,
      {(static_cast<void>(kInside), AnyField{})...},
      (static_cast<void>(kAfter), AnyField{})...};
  };
}
template <class T, std::size_t kBefore, std::size_t kInside, std::size_t kAfter>
inline constexpr bool kCanNest = can_nest<T>(std::make_index_sequence<kBefore>(), std::make_index_sequence<kInside>(),
                                             std::make_index_sequence<kAfter>());

// How many of T's kCount initialisers are elements of one C array that begins with number kFirst; 1 if none does. In
// braces of its own such an array leaves room for so many fewer others, and a struct for one fewer.
template <class T, std::size_t kCount, std::size_t kFirst, std::size_t kLength = 2>
constexpr std::size_t array_length() {
  if constexpr (kFirst + kLength > kCount) {
    return kLength - 1;
  } else if constexpr (!kCanNest<T, kFirst, kLength, 0> || kCanNest<T, kFirst, kLength, kCount - kFirst - 1>) {
    return kLength - 1;
  } else {
    return array_length<T, kCount, kFirst, kLength + 1>();
  }
}

// Of kCount initialisers, how many members: a C array takes several.
template <class T, std::size_t kCount, std::size_t kFirst = 0>
constexpr std::size_t count_members() {
  if constexpr (kFirst >= kCount) {
    return 0;
  } else {
    return 1 + count_members<T, kCount, kFirst + array_length<T, kCount, kFirst>()>();
  }
}

// The number of initialisers T takes at most. A struct that no number of them initialises has none; one that takes more
// than the limit has kAggregateFieldsMax + 1. Counts up from the first number that works, which is 0 unless some member
// has no usable default.
template <class T, std::size_t kCount = 0, bool kWorkedBefore = false>
constexpr std::size_t count_fields() {
  if constexpr (kCount > kAggregateFieldsMax + 1) {
    return kWorkedBefore ? kAggregateFieldsMax + 1 : 0;
  } else {
    constexpr bool kWorks = can_init<T>(std::make_index_sequence<kCount>());
    if constexpr (!kWorks && kWorkedBefore) {
      return kCount - 1;
    } else {
      return count_fields<T, kCount + 1, kWorks>();
    }
  }
}

#define NOVELO_INTERNAL_M1 m1
#define NOVELO_INTERNAL_M2 NOVELO_INTERNAL_M1, m2
#define NOVELO_INTERNAL_M3 NOVELO_INTERNAL_M2, m3
#define NOVELO_INTERNAL_M4 NOVELO_INTERNAL_M3, m4
#define NOVELO_INTERNAL_M5 NOVELO_INTERNAL_M4, m5
#define NOVELO_INTERNAL_M6 NOVELO_INTERNAL_M5, m6
#define NOVELO_INTERNAL_M7 NOVELO_INTERNAL_M6, m7
#define NOVELO_INTERNAL_M8 NOVELO_INTERNAL_M7, m8
#define NOVELO_INTERNAL_M9 NOVELO_INTERNAL_M8, m9
#define NOVELO_INTERNAL_M10 NOVELO_INTERNAL_M9, m10
#define NOVELO_INTERNAL_M11 NOVELO_INTERNAL_M10, m11
#define NOVELO_INTERNAL_M12 NOVELO_INTERNAL_M11, m12
#define NOVELO_INTERNAL_M13 NOVELO_INTERNAL_M12, m13
#define NOVELO_INTERNAL_M14 NOVELO_INTERNAL_M13, m14
#define NOVELO_INTERNAL_M15 NOVELO_INTERNAL_M14, m15
#define NOVELO_INTERNAL_M16 NOVELO_INTERNAL_M15, m16
#define NOVELO_INTERNAL_M17 NOVELO_INTERNAL_M16, m17
#define NOVELO_INTERNAL_M18 NOVELO_INTERNAL_M17, m18
#define NOVELO_INTERNAL_M19 NOVELO_INTERNAL_M18, m19
#define NOVELO_INTERNAL_M20 NOVELO_INTERNAL_M19, m20
#define NOVELO_INTERNAL_M21 NOVELO_INTERNAL_M20, m21
#define NOVELO_INTERNAL_M22 NOVELO_INTERNAL_M21, m22
#define NOVELO_INTERNAL_M23 NOVELO_INTERNAL_M22, m23
#define NOVELO_INTERNAL_M24 NOVELO_INTERNAL_M23, m24
#define NOVELO_INTERNAL_M25 NOVELO_INTERNAL_M24, m25
#define NOVELO_INTERNAL_M26 NOVELO_INTERNAL_M25, m26
#define NOVELO_INTERNAL_M27 NOVELO_INTERNAL_M26, m27
#define NOVELO_INTERNAL_M28 NOVELO_INTERNAL_M27, m28
#define NOVELO_INTERNAL_M29 NOVELO_INTERNAL_M28, m29
#define NOVELO_INTERNAL_M30 NOVELO_INTERNAL_M29, m30
#define NOVELO_INTERNAL_M31 NOVELO_INTERNAL_M30, m31
#define NOVELO_INTERNAL_M32 NOVELO_INTERNAL_M31, m32
#define NOVELO_INTERNAL_M33 NOVELO_INTERNAL_M32, m33
#define NOVELO_INTERNAL_M34 NOVELO_INTERNAL_M33, m34
#define NOVELO_INTERNAL_M35 NOVELO_INTERNAL_M34, m35
#define NOVELO_INTERNAL_M36 NOVELO_INTERNAL_M35, m36
#define NOVELO_INTERNAL_M37 NOVELO_INTERNAL_M36, m37
#define NOVELO_INTERNAL_M38 NOVELO_INTERNAL_M37, m38
#define NOVELO_INTERNAL_M39 NOVELO_INTERNAL_M38, m39
#define NOVELO_INTERNAL_M40 NOVELO_INTERNAL_M39, m40
#define NOVELO_INTERNAL_M41 NOVELO_INTERNAL_M40, m41
#define NOVELO_INTERNAL_M42 NOVELO_INTERNAL_M41, m42
#define NOVELO_INTERNAL_M43 NOVELO_INTERNAL_M42, m43
#define NOVELO_INTERNAL_M44 NOVELO_INTERNAL_M43, m44
#define NOVELO_INTERNAL_M45 NOVELO_INTERNAL_M44, m45
#define NOVELO_INTERNAL_M46 NOVELO_INTERNAL_M45, m46
#define NOVELO_INTERNAL_M47 NOVELO_INTERNAL_M46, m47
#define NOVELO_INTERNAL_M48 NOVELO_INTERNAL_M47, m48
#define NOVELO_INTERNAL_M49 NOVELO_INTERNAL_M48, m49
#define NOVELO_INTERNAL_M50 NOVELO_INTERNAL_M49, m50
#define NOVELO_INTERNAL_M51 NOVELO_INTERNAL_M50, m51
#define NOVELO_INTERNAL_M52 NOVELO_INTERNAL_M51, m52
#define NOVELO_INTERNAL_M53 NOVELO_INTERNAL_M52, m53
#define NOVELO_INTERNAL_M54 NOVELO_INTERNAL_M53, m54
#define NOVELO_INTERNAL_M55 NOVELO_INTERNAL_M54, m55
#define NOVELO_INTERNAL_M56 NOVELO_INTERNAL_M55, m56
#define NOVELO_INTERNAL_M57 NOVELO_INTERNAL_M56, m57
#define NOVELO_INTERNAL_M58 NOVELO_INTERNAL_M57, m58
#define NOVELO_INTERNAL_M59 NOVELO_INTERNAL_M58, m59
#define NOVELO_INTERNAL_M60 NOVELO_INTERNAL_M59, m60
#define NOVELO_INTERNAL_M61 NOVELO_INTERNAL_M60, m61
#define NOVELO_INTERNAL_M62 NOVELO_INTERNAL_M61, m62
#define NOVELO_INTERNAL_M63 NOVELO_INTERNAL_M62, m63
#define NOVELO_INTERNAL_M64 NOVELO_INTERNAL_M63, m64
// NOLINTBEGIN(bugprone-macro-parentheses): the names of a structured binding take none
#define NOVELO_INTERNAL_BIND(n)                \
  else if constexpr (kCount == n) {            \
    auto& [NOVELO_INTERNAL_M##n] = object;     \
    return addresses_of(NOVELO_INTERNAL_M##n); \
  }
// NOLINTEND(bugprone-macro-parentheses)

template <class... Members>
constexpr auto addresses_of(Members&... members) {
  return std::tuple<Members*...>(&members...);
}

// Pointers to all members of `object`, in order.
template <std::size_t kCount, class T>
constexpr auto member_addresses(T& object) {
  if constexpr (kCount == 0) {
    return std::tuple<>();
  }
  // clang-format off
  NOVELO_INTERNAL_BIND(1) NOVELO_INTERNAL_BIND(2) NOVELO_INTERNAL_BIND(3) NOVELO_INTERNAL_BIND(4)
  NOVELO_INTERNAL_BIND(5) NOVELO_INTERNAL_BIND(6) NOVELO_INTERNAL_BIND(7) NOVELO_INTERNAL_BIND(8)
  NOVELO_INTERNAL_BIND(9) NOVELO_INTERNAL_BIND(10) NOVELO_INTERNAL_BIND(11) NOVELO_INTERNAL_BIND(12)
  NOVELO_INTERNAL_BIND(13) NOVELO_INTERNAL_BIND(14) NOVELO_INTERNAL_BIND(15) NOVELO_INTERNAL_BIND(16)
  NOVELO_INTERNAL_BIND(17) NOVELO_INTERNAL_BIND(18) NOVELO_INTERNAL_BIND(19) NOVELO_INTERNAL_BIND(20)
  NOVELO_INTERNAL_BIND(21) NOVELO_INTERNAL_BIND(22) NOVELO_INTERNAL_BIND(23) NOVELO_INTERNAL_BIND(24)
  NOVELO_INTERNAL_BIND(25) NOVELO_INTERNAL_BIND(26) NOVELO_INTERNAL_BIND(27) NOVELO_INTERNAL_BIND(28)
  NOVELO_INTERNAL_BIND(29) NOVELO_INTERNAL_BIND(30) NOVELO_INTERNAL_BIND(31) NOVELO_INTERNAL_BIND(32)
  NOVELO_INTERNAL_BIND(33) NOVELO_INTERNAL_BIND(34) NOVELO_INTERNAL_BIND(35) NOVELO_INTERNAL_BIND(36)
  NOVELO_INTERNAL_BIND(37) NOVELO_INTERNAL_BIND(38) NOVELO_INTERNAL_BIND(39) NOVELO_INTERNAL_BIND(40)
  NOVELO_INTERNAL_BIND(41) NOVELO_INTERNAL_BIND(42) NOVELO_INTERNAL_BIND(43) NOVELO_INTERNAL_BIND(44)
  NOVELO_INTERNAL_BIND(45) NOVELO_INTERNAL_BIND(46) NOVELO_INTERNAL_BIND(47) NOVELO_INTERNAL_BIND(48)
  NOVELO_INTERNAL_BIND(49) NOVELO_INTERNAL_BIND(50) NOVELO_INTERNAL_BIND(51) NOVELO_INTERNAL_BIND(52)
  NOVELO_INTERNAL_BIND(53) NOVELO_INTERNAL_BIND(54) NOVELO_INTERNAL_BIND(55) NOVELO_INTERNAL_BIND(56)
  NOVELO_INTERNAL_BIND(57) NOVELO_INTERNAL_BIND(58) NOVELO_INTERNAL_BIND(59) NOVELO_INTERNAL_BIND(60)
  NOVELO_INTERNAL_BIND(61) NOVELO_INTERNAL_BIND(62) NOVELO_INTERNAL_BIND(63) NOVELO_INTERNAL_BIND(64)
  // clang-format on
}

#undef NOVELO_INTERNAL_BIND
#undef NOVELO_INTERNAL_M1
#undef NOVELO_INTERNAL_M2
#undef NOVELO_INTERNAL_M3
#undef NOVELO_INTERNAL_M4
#undef NOVELO_INTERNAL_M5
#undef NOVELO_INTERNAL_M6
#undef NOVELO_INTERNAL_M7
#undef NOVELO_INTERNAL_M8
#undef NOVELO_INTERNAL_M9
#undef NOVELO_INTERNAL_M10
#undef NOVELO_INTERNAL_M11
#undef NOVELO_INTERNAL_M12
#undef NOVELO_INTERNAL_M13
#undef NOVELO_INTERNAL_M14
#undef NOVELO_INTERNAL_M15
#undef NOVELO_INTERNAL_M16
#undef NOVELO_INTERNAL_M17
#undef NOVELO_INTERNAL_M18
#undef NOVELO_INTERNAL_M19
#undef NOVELO_INTERNAL_M20
#undef NOVELO_INTERNAL_M21
#undef NOVELO_INTERNAL_M22
#undef NOVELO_INTERNAL_M23
#undef NOVELO_INTERNAL_M24
#undef NOVELO_INTERNAL_M25
#undef NOVELO_INTERNAL_M26
#undef NOVELO_INTERNAL_M27
#undef NOVELO_INTERNAL_M28
#undef NOVELO_INTERNAL_M29
#undef NOVELO_INTERNAL_M30
#undef NOVELO_INTERNAL_M31
#undef NOVELO_INTERNAL_M32
#undef NOVELO_INTERNAL_M33
#undef NOVELO_INTERNAL_M34
#undef NOVELO_INTERNAL_M35
#undef NOVELO_INTERNAL_M36
#undef NOVELO_INTERNAL_M37
#undef NOVELO_INTERNAL_M38
#undef NOVELO_INTERNAL_M39
#undef NOVELO_INTERNAL_M40
#undef NOVELO_INTERNAL_M41
#undef NOVELO_INTERNAL_M42
#undef NOVELO_INTERNAL_M43
#undef NOVELO_INTERNAL_M44
#undef NOVELO_INTERNAL_M45
#undef NOVELO_INTERNAL_M46
#undef NOVELO_INTERNAL_M47
#undef NOVELO_INTERNAL_M48
#undef NOVELO_INTERNAL_M49
#undef NOVELO_INTERNAL_M50
#undef NOVELO_INTERNAL_M51
#undef NOVELO_INTERNAL_M52
#undef NOVELO_INTERNAL_M53
#undef NOVELO_INTERNAL_M54
#undef NOVELO_INTERNAL_M55
#undef NOVELO_INTERNAL_M56
#undef NOVELO_INTERNAL_M57
#undef NOVELO_INTERNAL_M58
#undef NOVELO_INTERNAL_M59
#undef NOVELO_INTERNAL_M60
#undef NOVELO_INTERNAL_M61
#undef NOVELO_INTERNAL_M62
#undef NOVELO_INTERNAL_M63
#undef NOVELO_INTERNAL_M64

// Room for an object that is never made: only the addresses of its members are used, as template arguments, to read
// their names. It is defined so that debug information may refer to it.
template <class T>
union Room {
  constexpr Room() : nothing() {}
  constexpr ~Room() {}
  char nothing;
  T value;
};
template <class T>
inline Room<T> room_for;

template <class T>
struct Aggregate {
  static constexpr std::size_t kCount = count_members<T, count_fields<T>()>();

  template <std::size_t kIndex>
  static constexpr std::string_view name() {
    constexpr auto kMembers = member_addresses<kCount>(room_for<T>.value);
    return last_identifier(raw_value_name<std::get<kIndex>(kMembers)>());
  }
};

// True when the members of T can be found without NOVELO_REFLECT. A type that speaks the tuple protocol is left alone:
// structured bindings would not show its members.
template <class T>
constexpr bool is_describable_aggregate() {
  // NOLINTNEXTLINE(bugprone-branch-clone): each question may be asked only after those before it
  if constexpr (!std::is_class_v<T> || !std::is_aggregate_v<T> || requires { std::tuple_size<T>::value; }) {
    return false;
  } else if constexpr (std::is_empty_v<T>) {
    return true;
  } else if constexpr (kHasBase<T>) {
    return false;
  } else {
    return count_fields<T>() >= 1 && count_fields<T>() <= kAggregateFieldsMax;
  }
}

}  // namespace novelo::reflect::internal
