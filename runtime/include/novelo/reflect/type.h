// novelo/reflect/type.h
// What is known of a C++ type at run time: its kind, its name, its fields, and how to make, move and take apart a
// value.
//
//   obtained by  reflect::type_of<T>() (novelo/reflect.h); one Type lives per C++ type, for ever, and never changes
//   callable     from any thread and goroutine; nothing here parks. Docs are looked up under a lock held for a few
//   instructions checked by   tests/unit/reflect/type_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"

namespace novelo::reflect {

class Type;
struct Access;  // the one friend a class names to let its private fields be described

enum class Kind : std::uint8_t {
  kBool,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kUint8,
  kUint16,
  kUint32,
  kUint64,
  kFloat,
  kDouble,
  kString,    // std::string
  kBytes,     // std::vector<std::byte>, std::vector<std::uint8_t>
  kEnum,      // an enumeration with a fixed underlying type of at most 32 bits
  kStruct,    // an aggregate, or a class described by NOVELO_REFLECT
  kVector,    // std::vector of anything else
  kMap,       // std::map, std::unordered_map, absl::flat_hash_map and whatever looks like them
  kOptional,  // std::optional
  kTime,      // absl::Time
  kDuration,  // absl::Duration
  kChan,      // Chan, SendChan, RecvChan
  kFunc,      // a function
  kOpaque,    // anything else: size and alignment are known, and it has no wire form
};

// "bool", "int32", "struct"...
std::string_view to_string(Kind kind);

enum class ChanDirection : std::uint8_t { kBoth, kSend, kReceive };

struct Enumerator {
  std::string_view name;
  std::int32_t number;
};

using TypeRef = const Type& (*)();  // resolved when asked, so that types may be recursive

// One data member of a struct.
class Field {
 public:
  std::string_view name() const { return name_; }
  const Type& type() const { return type_(); }
  std::size_t offset() const { return offset_; }

  // The number on the wire: the position in the struct, from 1.
  int number() const { return number_; }

  // True when a default-constructed struct holds another value here than the zero value of the type. Such a field has
  // explicit presence on the wire, and absent means this default. Scalars, text, bytes, enums, times, durations only.
  bool has_default() const { return has_default_; }

  // That default as JSON text ("10", "\"name\"", "true"); empty when has_default() is false.
  std::string_view default_json() const { return default_json_; }

  bool is_optional() const { return is_optional_; }  // a std::optional

  // What NOVELO_FIELD_DOC says; empty when it says nothing.
  std::string_view doc() const;

 private:
  friend class Type;

  std::string_view name_;
  std::string_view owner_;  // the name of the struct
  std::string default_json_;
  TypeRef type_ = nullptr;
  std::size_t offset_ = 0;
  int number_ = 0;
  bool has_default_ = false;
  bool is_optional_ = false;
};

// What can be done with a value of which only the address is known. A null pointer says that the type cannot do it.
// Memory given to construct, copy and move is raw, of the type's size and alignment.
struct Operations {
  void (*construct)(void* at) = nullptr;
  void (*copy)(void* at, const void* from) = nullptr;
  void (*move)(void* at, void* from) = nullptr;
  void (*destroy)(void* at) = nullptr;
  void (*reset)(void* value) = nullptr;  // assigns a default-constructed value
  void (*assign)(void* value, const void* from) = nullptr;

  // kString, kBytes: a view of what it holds; replaces that.
  std::string_view (*text)(const void* value) = nullptr;
  void (*set_text)(void* value, std::string_view text) = nullptr;

  // kVector, kMap, kOptional: how many elements; none of them.
  std::size_t (*count)(const void* container) = nullptr;
  void (*clear)(void* container) = nullptr;

  // kVector, kOptional: visits the elements in order until `visit` returns false; returns whether it came to the end.
  bool (*each)(const void* container, absl::FunctionRef<bool(const void*)> visit) = nullptr;
  // kVector: appends a default-constructed element and lets `fill` set it. kOptional: engages first, if it must.
  void (*append)(void* container, absl::FunctionRef<void(void*)> fill) = nullptr;

  // kMap: the same; an inserted key replaces an equal one.
  bool (*each_entry)(const void* map, absl::FunctionRef<bool(const void*, const void*)> visit) = nullptr;
  void (*insert)(void* map, absl::FunctionRef<void(void*, void*)> fill) = nullptr;

  // kFunc: `function` holds a function pointer; arguments are objects of the parameters' types and may be moved from;
  // on success a result of the result's type was constructed in `result`. Exceptions pass through.
  absl::Status (*call)(const void* function, void* const* arguments, void* result) = nullptr;
};

class Type {
 public:
  Type(const Type&) = delete;
  Type& operator=(const Type&) = delete;

  Kind kind() const { return kind_; }

  // The qualified C++ name of a struct or enum ("text::Match"); of others a short form ("int32",
  // "vector<text::Match>").
  std::string_view name() const { return name_; }

  std::size_t size() const { return size_; }
  std::size_t align() const { return align_; }

  // What NOVELO_TYPE_DOC says; empty when it says nothing.
  std::string_view doc() const;

  // kStruct: in the order of declaration. Empty for other kinds.
  std::span<const Field> fields() const { return fields_; }
  const Field* field(std::string_view name) const;  // nullptr: there is none of that name

  // kVector, kOptional, kChan: what they hold. kMap: the mapped type. kFunc: the result. Requires: one of these kinds.
  const Type& element() const;
  // kMap. Requires: that kind.
  const Type& key() const;
  // kFunc: the types of the parameters, without references and const.
  std::span<const TypeRef> parameters() const { return parameters_; }
  ChanDirection direction() const { return direction_; }

  // kEnum: by rising number, each number once. Numbers from -128 to 128 are found.
  std::span<const Enumerator> enumerators() const { return enumerators_; }
  bool is_signed() const { return is_signed_; }  // kEnum: the underlying type

  const Operations& operations() const { return operations_; }

  // Everything but what type_of() alone can know. Used by novelo/reflect/describe.h.
  struct FieldDescription {
    std::string_view name;
    TypeRef type;
    std::size_t offset;
  };
  struct Description {
    Kind kind = Kind::kOpaque;
    std::string name;
    std::size_t size = 0;
    std::size_t align = 0;
    Operations operations;
    std::vector<FieldDescription> fields;
    TypeRef element = nullptr;
    TypeRef key = nullptr;
    std::vector<TypeRef> parameters;
    ChanDirection direction = ChanDirection::kBoth;
    std::vector<Enumerator> enumerators;
    bool is_signed = false;
  };
  explicit Type(Description description);

 private:
  void find_defaults();

  std::string name_;
  std::vector<Field> fields_;
  std::vector<TypeRef> parameters_;
  std::vector<Enumerator> enumerators_;
  TypeRef element_ = nullptr;
  TypeRef key_ = nullptr;
  std::size_t size_ = 0;
  std::size_t align_ = 0;
  Operations operations_;
  Kind kind_ = Kind::kOpaque;
  ChanDirection direction_ = ChanDirection::kBoth;
  bool is_signed_ = false;
};

// True for kinds that are one number, text, or bytes: what may have a default other than zero.
bool is_scalar(Kind kind);

}  // namespace novelo::reflect
