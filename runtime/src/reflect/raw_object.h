// runtime/src/reflect/raw_object.h
// One heap object of a type known only at run time: default-constructed here, destroyed at the end of the scope.
//
//   used by     type.cc, task.cc; may allocate and runs the type's constructor, never parks of itself
//   checked by  tests/unit/reflect/type_test.cc, task_test.cc
#pragma once

#include <cstddef>
#include <new>

#include "novelo/reflect/type.h"

namespace novelo::reflect {

// Memory for one object of `type`.
inline void* allocate_raw(const Type& type) {
  return ::operator new(type.size(), std::align_val_t{type.align()});
}
inline void free_raw(const Type& type, void* at) noexcept {
  ::operator delete(at, std::align_val_t{type.align()});
}

class RawObject {
 public:
  // Requires: the type can be default-constructed and destroyed.
  explicit RawObject(const Type& type) : type_(type), at_(allocate_raw(type)) {
    try {
      type.operations().construct(at_);
    } catch (...) {
      free_raw(type, at_);
      throw;
    }
  }
  RawObject(const RawObject&) = delete;
  RawObject& operator=(const RawObject&) = delete;
  ~RawObject() {
    type_.operations().destroy(at_);
    free_raw(type_, at_);
  }

  void* get() const { return at_; }
  std::byte* bytes() const { return static_cast<std::byte*>(at_); }

 private:
  const Type& type_;
  void* at_;
};

}  // namespace novelo::reflect
