// runtime/src/reflect/scalar.h
// Single numbers, texts and bytes of which only the type's description and the address are known.
//
//   used by     type.cc (defaults), wire_encode.cc, wire_decode.cc; no locks, no state
//   checked by  tests/unit/reflect/type_test.cc, tests/unit/reflect/wire_decode_test.cc
#pragma once

#include <cstdint>
#include <string>

#include "novelo/reflect/type.h"

namespace novelo::reflect {

// True for bool, the integers and enums.
bool is_integral(Kind kind);

// The value of an integral type, sign-extended if the type is signed. Requires: is_integral(type.kind()).
std::uint64_t load_integer(const Type& type, const void* at);

// Stores `value` if the type can hold it; otherwise leaves `at` alone and returns false. `value` is read as signed for
// signed types. A bool takes anything, and is true for all but 0.
[[nodiscard]] bool store_integer(const Type& type, void* at, std::uint64_t value);

bool is_signed_integral(const Type& type);

// "0..255", for messages.
std::string integer_range(const Type& type);

// True for 0, +0.0 (not -0.0), false, empty text, the Unix epoch, no time at all. Requires: is_scalar(type.kind()).
bool is_zero(const Type& type, const void* at);

// As protobuf's JSON has it, but 64-bit numbers without quotes. Requires: is_scalar(type.kind()).
std::string to_json_text(const Type& type, const void* at);

}  // namespace novelo::reflect
