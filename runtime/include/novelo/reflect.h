// novelo/reflect.h
// Describing types once: type_of<T>() for plain structs needs nothing, NOVELO_REFLECT is for classes that are no
// aggregates.
//
//   checked by   tests/unit/reflect/
#ifndef NOVELO_REFLECT_H_
#define NOVELO_REFLECT_H_

#include "novelo/reflect/type.h"  // IWYU pragma: export
#include "novelo/reflect/wire.h"  // IWYU pragma: export

namespace novelo::reflect {

// The description of T, made at the first call.
template <class T>
const Type& type_of();

}  // namespace novelo::reflect

#endif  // NOVELO_REFLECT_H_
