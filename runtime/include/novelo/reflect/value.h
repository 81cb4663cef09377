// novelo/reflect/value.h
// A value of a type known only at run time: get and set its fields by name, call it, turn it into a message and back.
//
//   ownership   Value(type) and Value::of() own their object; Value::view() and what get() returns refer to another's,
//               which must outlive them
//   errors      a wrong name, index or type is kInvalidArgument or kNotFound, naming the path; nothing throws
//   callable    from any thread and goroutine; one Value by one at a time. call() parks if the function does
//   checked by  tests/unit/reflect/value_test.cc
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "novelo/reflect/describe.h"
#include "novelo/reflect/type.h"

namespace novelo::reflect {

class Value {
 public:
  // A default-constructed object. Requires: the type has a default constructor.
  explicit Value(const Type& type) : Value(type, nullptr, Ownership::kMade) {}

  template <class T>
  static Value of(T object) {
    return Value(type_of<std::remove_cvref_t<T>>(), &object, Ownership::kMoved);
  }
  static Value view(const Type& type, void* object) { return Value(type, object, Ownership::kViewed); }

  Value(Value&& other) noexcept;
  Value& operator=(Value&& other) noexcept;
  ~Value();

  const Type& type() const { return *type_; }
  void* data() { return data_; }
  const void* data() const { return data_; }

  // The object, if it is a T; else nullptr.
  template <class T>
  T* as() {
    return type_ == &type_of<T>() ? static_cast<T*>(data_) : nullptr;
  }
  template <class T>
  const T* as() const {
    return type_ == &type_of<T>() ? static_cast<const T*>(data_) : nullptr;
  }

  // A view of what `path` names: "words[3].count". An optional on the way must hold a value and is passed through.
  absl::StatusOr<Value> get(std::string_view path) const;

  // Copies `value`, which has the type of what `path` names, into it. Requires of the type: copy assignment.
  absl::Status set(std::string_view path, const Value& value);

  // A function's result, or the error it returned. The arguments are copied. A function that returns void or a Status
  // gives an Empty.
  absl::StatusOr<Value> call(std::span<const Value> arguments) const;

  absl::StatusOr<std::string> to_wire() const;
  absl::Status from_wire(std::string_view message);

 private:
  enum class Ownership { kMade, kMoved, kCopied, kViewed };
  Value(const Type& type, void* object, Ownership ownership);
  void release() noexcept;

  const Type* type_;
  void* data_;
  bool is_owner_;
};

}  // namespace novelo::reflect
