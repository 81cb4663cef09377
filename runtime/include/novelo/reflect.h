// novelo/reflect.h
// Describing types: type_of<T>() for plain structs needs nothing, NOVELO_REFLECT is for classes that are no aggregates.
//
//   struct Point { double x = 0; double y = 0; };
//   for (const auto& field : novelo::reflect::type_of<Point>().fields()) ...  // "x", "y": names, types, offsets,
//   defaults
//
//   checked by   tests/unit/reflect/
#pragma once

#include <string>
#include <string_view>
#include <tuple>

#include "novelo/reflect/describe.h"  // IWYU pragma: export
#include "novelo/reflect/type.h"      // IWYU pragma: export
#include "novelo/reflect/value.h"     // IWYU pragma: export
#include "novelo/reflect/wire.h"      // IWYU pragma: export

namespace novelo::reflect::internal {

// Remember a doc for the life of the process. A second one for the same thing, or one for a field that is not there,
// appears in novelo::registration_errors(). Both return true.
bool add_type_doc(std::string type_name, std::string_view doc);
bool add_field_doc(std::string type_name, TypeRef type, std::string_view field, std::string_view doc);

}  // namespace novelo::reflect::internal

#define NOVELO_INTERNAL_JOIN_NOW(a, b) a##b
#define NOVELO_INTERNAL_JOIN(a, b) NOVELO_INTERNAL_JOIN_NOW(a, b)
#define NOVELO_INTERNAL_UNIQUE(prefix) NOVELO_INTERNAL_JOIN(prefix, __COUNTER__)

// macro(a, x1), macro(a, x2)... for up to 256 arguments.
#define NOVELO_INTERNAL_PARENS ()
#define NOVELO_INTERNAL_EXPAND(...) \
  NOVELO_INTERNAL_EXPAND_64(        \
      NOVELO_INTERNAL_EXPAND_64(NOVELO_INTERNAL_EXPAND_64(NOVELO_INTERNAL_EXPAND_64(__VA_ARGS__))))
#define NOVELO_INTERNAL_EXPAND_64(...) \
  NOVELO_INTERNAL_EXPAND_16(           \
      NOVELO_INTERNAL_EXPAND_16(NOVELO_INTERNAL_EXPAND_16(NOVELO_INTERNAL_EXPAND_16(__VA_ARGS__))))
#define NOVELO_INTERNAL_EXPAND_16(...) \
  NOVELO_INTERNAL_EXPAND_4(NOVELO_INTERNAL_EXPAND_4(NOVELO_INTERNAL_EXPAND_4(NOVELO_INTERNAL_EXPAND_4(__VA_ARGS__))))
#define NOVELO_INTERNAL_EXPAND_4(...) \
  NOVELO_INTERNAL_EXPAND_1(NOVELO_INTERNAL_EXPAND_1(NOVELO_INTERNAL_EXPAND_1(NOVELO_INTERNAL_EXPAND_1(__VA_ARGS__))))
#define NOVELO_INTERNAL_EXPAND_1(...) __VA_ARGS__
#define NOVELO_INTERNAL_EACH(macro, a, ...) \
  __VA_OPT__(NOVELO_INTERNAL_EXPAND(NOVELO_INTERNAL_EACH_STEP(macro, a, __VA_ARGS__)))
#define NOVELO_INTERNAL_EACH_STEP(macro, a, first, ...) \
  macro(a, first) __VA_OPT__(, NOVELO_INTERNAL_EACH_NEXT NOVELO_INTERNAL_PARENS(macro, a, __VA_ARGS__))
#define NOVELO_INTERNAL_EACH_NEXT() NOVELO_INTERNAL_EACH_STEP

#define NOVELO_INTERNAL_MEMBER(T, field)  \
  ::novelo::reflect::internal::MemberOf { \
    #field, &T::field                     \
  }

// NOVELO_REFLECT(T, field, ...): the fields of a class that is no aggregate, in wire order. At global scope, after the
// class, before its first use in a description; up to 256 fields. Private ones need `friend struct
// novelo::reflect::Access`.
#define NOVELO_REFLECT(T, ...)                                                                            \
  template <>                                                                                             \
  constexpr auto novelo::reflect::Access::fields<T>() {                                                   \
    return ::std::make_tuple(NOVELO_INTERNAL_EACH(NOVELO_INTERNAL_MEMBER, T __VA_OPT__(, ) __VA_ARGS__)); \
  }                                                                                                       \
  static_assert(true)

// NOVELO_TYPE_DOC(Struct, "doc"), NOVELO_FIELD_DOC(Struct, field, "doc"): what clients are told about a message and its
// fields. At namespace scope of one file.
#define NOVELO_TYPE_DOC(T, doc)                                            \
  [[maybe_unused]] static const bool NOVELO_INTERNAL_UNIQUE(novelo_doc_) = \
      ::novelo::reflect::internal::add_type_doc(::novelo::reflect::internal::name_of<T>(), doc)
#define NOVELO_FIELD_DOC(T, field, doc)                                                                                \
  [[maybe_unused]] static const bool NOVELO_INTERNAL_UNIQUE(novelo_doc_) = ::novelo::reflect::internal::add_field_doc( \
      ::novelo::reflect::internal::name_of<T>(), &::novelo::reflect::type_of<T>, #field, doc)
