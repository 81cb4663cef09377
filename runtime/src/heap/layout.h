// runtime/src/heap/layout.h
// Which words of a collected object refer to others. Layouts are interned: types of one shape share their spans.
//
//   who    CollectedHeap makes them; the marker reads them
//   memory kept for ever
#pragma once

#include <array>
#include <cstdint>

#include "base/atomic.h"
#include "heap/size_class.h"
#include "novelo/gc/shape.h"

namespace novelo::rt {

struct Layout {
  ObjectShape shape;
  // The kind of cell for objects of it, by size class and last for large ones; 0 where there is none yet.
  mutable std::array<Atomic<std::uint16_t>, kSizeClasses + 1> kinds{};
};

}  // namespace novelo::rt
