// novelo/reflect/describe.h
// type_of<T>(): from a C++ type to its description. Templates only find out what the compiler knows; everything that
// can be done without knowing T is in runtime/src/reflect/.
//
//   used by     novelo/reflect.h, which is what to include
//   cost        one Type a C++ type, made at the first type_of<T>(), which default-constructs one T
//   checked by  tests/unit/reflect/type_test.cc
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "novelo/reflect/aggregate.h"
#include "novelo/reflect/names.h"
#include "novelo/reflect/signature.h"
#include "novelo/reflect/type.h"

namespace novelo {

template <class T>
class Chan;
template <class T>
class SendChan;
template <class T>
class RecvChan;

namespace reflect {

template <class T>
const Type& type_of();

namespace internal {

struct Undescribed {};

template <class T, class M>
struct MemberOf {
  std::string_view name;
  M T::* pointer;
};
template <class T, class M>
MemberOf(std::string_view, M T::*) -> MemberOf<T, M>;

}  // namespace internal

// NOVELO_REFLECT specialises fields(): being a member of this struct it may name the private fields of whoever says
// `friend struct novelo::reflect::Access`.
struct Access {
  template <class T>
  static constexpr auto fields() {
    return internal::Undescribed{};
  }
};

namespace internal {

template <class T>
inline constexpr bool kIsDescribed = !std::is_same_v<decltype(Access::fields<T>()), Undescribed>;

template <class T>
struct IsString : std::false_type {};
template <class Traits, class A>
struct IsString<std::basic_string<char, Traits, A>> : std::true_type {};

template <class T>
struct IsVector : std::false_type {};
template <class T, class A>
struct IsVector<std::vector<T, A>> : std::true_type {};

template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};

template <class T>
struct ChanTraits {
  static constexpr bool kIsChan = false;
};
template <class T>
struct ChanTraits<Chan<T>> {
  static constexpr bool kIsChan = true;
  static constexpr ChanDirection kDirection = ChanDirection::kBoth;
  static constexpr std::string_view kName = "chan";
  using Element = T;
};
template <class T>
struct ChanTraits<SendChan<T>> {
  static constexpr bool kIsChan = true;
  static constexpr ChanDirection kDirection = ChanDirection::kSend;
  static constexpr std::string_view kName = "send_chan";
  using Element = T;
};
template <class T>
struct ChanTraits<RecvChan<T>> {
  static constexpr bool kIsChan = true;
  static constexpr ChanDirection kDirection = ChanDirection::kReceive;
  static constexpr std::string_view kName = "recv_chan";
  using Element = T;
};

template <class T>
concept MapLike = requires(T map, typename T::key_type key, typename T::mapped_type value) {
  map.insert_or_assign(std::move(key), std::move(value));
  map.begin()->second;
  map.size();
  map.clear();
};

// Enumerations whose every value of the underlying type is valid, and fits the wire's 32 bits.
template <class T>
constexpr bool is_describable_enum() {
  if constexpr (std::is_enum_v<T>) {
    return sizeof(T) <= 4 && requires { T{0}; };
  } else {
    return false;
  }
}

template <class T>
constexpr Kind integer_kind() {
  constexpr Kind kSigned[] = {Kind::kInt8, Kind::kInt16, Kind::kInt32, Kind::kInt64};
  constexpr Kind kUnsigned[] = {Kind::kUint8, Kind::kUint16, Kind::kUint32, Kind::kUint64};
  constexpr std::size_t kIndex = sizeof(T) == 1 ? 0 : sizeof(T) == 2 ? 1 : sizeof(T) == 4 ? 2 : 3;
  return std::is_signed_v<T> ? kSigned[kIndex] : kUnsigned[kIndex];
}

template <class T, class... Choices>
inline constexpr bool kIsOneOf = (std::is_same_v<T, Choices> || ...);

template <class T>
constexpr Kind kind_of() {
  if constexpr (std::is_same_v<T, bool>) {
    return Kind::kBool;
  } else if constexpr (kIsOneOf<T, signed char, short, int, long, long long, unsigned char, unsigned short, unsigned,
                                unsigned long, unsigned long long>) {
    return integer_kind<T>();
  } else if constexpr (std::is_same_v<T, float>) {
    return Kind::kFloat;
  } else if constexpr (std::is_same_v<T, double>) {
    return Kind::kDouble;
  } else if constexpr (is_describable_enum<T>()) {
    return Kind::kEnum;
  } else if constexpr (IsString<T>::value) {
    return Kind::kString;
  } else if constexpr (IsVector<T>::value) {
    return kIsOneOf<typename T::value_type, std::byte, std::uint8_t> ? Kind::kBytes : Kind::kVector;
  } else if constexpr (IsOptional<T>::value) {
    return Kind::kOptional;
  } else if constexpr (std::is_same_v<T, absl::Time>) {
    return Kind::kTime;
  } else if constexpr (std::is_same_v<T, absl::Duration>) {
    return Kind::kDuration;
  } else if constexpr (ChanTraits<T>::kIsChan) {
    return Kind::kChan;
  } else if constexpr (std::is_function_v<T> || std::is_function_v<std::remove_pointer_t<T>>) {
    return Kind::kFunc;
  } else if constexpr (kIsDescribed<T>) {  // NOLINT(bugprone-branch-clone): the order decides
    return Kind::kStruct;
  } else if constexpr (MapLike<T>) {
    return Kind::kMap;
  } else if constexpr (is_describable_aggregate<T>()) {
    return Kind::kStruct;
  } else {
    return Kind::kOpaque;
  }
}

template <class T>
std::string name_of() {
  constexpr Kind kKind = kind_of<T>();
  if constexpr (kKind == Kind::kVector || kKind == Kind::kOptional) {
    return std::string(to_string(kKind)) + "<" + name_of<typename T::value_type>() + ">";
  } else if constexpr (kKind == Kind::kMap) {
    return "map<" + name_of<typename T::key_type>() + ", " + name_of<typename T::mapped_type>() + ">";
  } else if constexpr (kKind == Kind::kChan) {
    return std::string(ChanTraits<T>::kName) + "<" + name_of<typename ChanTraits<T>::Element>() + ">";
  } else if constexpr (kKind == Kind::kStruct || kKind == Kind::kEnum || kKind == Kind::kFunc ||
                       kKind == Kind::kOpaque) {
    return clean_name(raw_type_name<T>());
  } else {
    return std::string(to_string(kKind));
  }
}

// The enumerators of an enum within -128..128 that its underlying type can hold.
template <class E>
struct EnumScan {
  using Underlying = std::underlying_type_t<E>;
  static constexpr int kFirst = std::is_signed_v<Underlying> ? -128 : 0;
  static constexpr long long kMax = static_cast<long long>(std::numeric_limits<Underlying>::max());
  static constexpr int kLast = kMax < 128 ? static_cast<int>(kMax) : 128;
  static constexpr std::size_t kCount = kLast - kFirst + 1;

  template <std::size_t... kIndex>
  static constexpr auto names(std::index_sequence<kIndex...>) {
    return std::array<std::string_view, kCount>{
        enumerator_name<static_cast<E>(static_cast<Underlying>(kFirst + static_cast<int>(kIndex)))>()...};
  }

  static std::vector<Enumerator> enumerators() {
    static constexpr std::array<std::string_view, kCount> kNames = names(std::make_index_sequence<kCount>());
    std::vector<Enumerator> found;
    for (std::size_t i = 0; i < kCount; ++i) {
      if (!kNames[i].empty()) found.push_back({kNames[i], kFirst + static_cast<int>(i)});
    }
    return found;
  }
};

template <class T>
void add_value_operations(Operations& ops) {
  if constexpr (std::is_default_constructible_v<T>) {
    ops.construct = [](void* at) { ::new (at) T(); };
    if constexpr (std::is_move_assignable_v<T>) ops.reset = [](void* value) { *static_cast<T*>(value) = T(); };
  }
  if constexpr (std::is_copy_constructible_v<T>) {
    ops.copy = [](void* at, const void* from) { ::new (at) T(*static_cast<const T*>(from)); };
  }
  if constexpr (std::is_move_constructible_v<T>) {
    ops.move = [](void* at, void* from) { ::new (at) T(std::move(*static_cast<T*>(from))); };
  }
  if constexpr (std::is_copy_assignable_v<T>) {
    ops.assign = [](void* value, const void* from) { *static_cast<T*>(value) = *static_cast<const T*>(from); };
  }
  if constexpr (std::is_destructible_v<T>) {
    ops.destroy = [](void* value) { std::destroy_at(static_cast<T*>(value)); };
  }
}

template <class T>
void add_text_operations(Operations& ops) {
  ops.text = [](const void* value) {
    const T& text = *static_cast<const T*>(value);
    return std::string_view(reinterpret_cast<const char*>(text.data()), text.size());
  };
  ops.set_text = [](void* value, std::string_view text) {
    const auto* first = reinterpret_cast<const typename T::value_type*>(text.data());
    static_cast<T*>(value)->assign(first, first + text.size());
  };
}

template <class T>
void add_vector_operations(Operations& ops) {
  using Element = typename T::value_type;
  ops.count = [](const void* container) { return static_cast<const T*>(container)->size(); };
  ops.clear = [](void* container) { static_cast<T*>(container)->clear(); };
  ops.each = [](const void* container, absl::FunctionRef<bool(const void*)> visit) {
    for (const Element& element : *static_cast<const T*>(container)) {
      if (!visit(&element)) return false;
    }
    return true;
  };
  if constexpr (std::is_same_v<Element, bool>) {  // its elements have no address
    ops.append = [](void* container, absl::FunctionRef<void(void*)> fill) {
      bool element = false;
      fill(&element);
      static_cast<T*>(container)->push_back(element);
    };
  } else if constexpr (std::is_default_constructible_v<Element> && std::is_move_constructible_v<Element>) {
    ops.append = [](void* container, absl::FunctionRef<void(void*)> fill) {
      fill(&static_cast<T*>(container)->emplace_back());
    };
  }
}

template <class T>
void add_map_operations(Operations& ops) {
  using Key = typename T::key_type;
  using Mapped = typename T::mapped_type;
  ops.count = [](const void* container) { return static_cast<std::size_t>(static_cast<const T*>(container)->size()); };
  ops.clear = [](void* container) { static_cast<T*>(container)->clear(); };
  ops.each_entry = [](const void* container, absl::FunctionRef<bool(const void*, const void*)> visit) {
    for (const auto& [key, value] : *static_cast<const T*>(container)) {
      if (!visit(&key, &value)) return false;
    }
    return true;
  };
  if constexpr (std::is_default_constructible_v<Key> && std::is_default_constructible_v<Mapped>) {
    ops.insert = [](void* container, absl::FunctionRef<void(void*, void*)> fill) {
      Key key{};
      Mapped value{};
      fill(&key, &value);
      static_cast<T*>(container)->insert_or_assign(std::move(key), std::move(value));
    };
  }
}

template <class T>
void add_optional_operations(Operations& ops) {
  using Element = typename T::value_type;
  ops.count = [](const void* container) { return std::size_t{static_cast<const T*>(container)->has_value()}; };
  ops.clear = [](void* container) { static_cast<T*>(container)->reset(); };
  ops.each = [](const void* container, absl::FunctionRef<bool(const void*)> visit) {
    const T& optional = *static_cast<const T*>(container);
    return !optional.has_value() || visit(&*optional);
  };
  if constexpr (std::is_default_constructible_v<Element>) {
    ops.append = [](void* container, absl::FunctionRef<void(void*)> fill) {
      T& optional = *static_cast<T*>(container);
      if (!optional.has_value()) optional.emplace();
      fill(&*optional);
    };
  }
}

// Where members lie is asked of raw memory: only addresses are formed, no member is read.
template <class T>
class Layout {
 public:
  template <class M>
  std::size_t offset(const M* member) const {
    return static_cast<std::size_t>(reinterpret_cast<const std::byte*>(member) - storage_);
  }
  T& object() { return *reinterpret_cast<T*>(storage_); }

 private:
  alignas(T) std::byte storage_[sizeof(T)];
};

template <class T>
std::vector<Type::FieldDescription> described_fields() {
  const auto layout = std::make_unique<Layout<T>>();
  std::vector<Type::FieldDescription> fields;
  std::apply(
      [&]<class... Members>(const Members&... members) {
        (fields.push_back({members.name, &type_of<std::remove_cvref_t<decltype(layout->object().*members.pointer)>>,
                           layout->offset(std::addressof(layout->object().*members.pointer))}),
         ...);
      },
      Access::fields<T>());
  return fields;
}

template <class T>
std::vector<Type::FieldDescription> aggregate_fields() {
  std::vector<Type::FieldDescription> fields;
  if constexpr (!std::is_empty_v<T>) {
    const auto layout = std::make_unique<Layout<T>>();
    const auto members = member_addresses<Aggregate<T>::kCount>(layout->object());
    [&]<std::size_t... kIndex>(std::index_sequence<kIndex...>) {
      (fields.push_back({Aggregate<T>::template name<kIndex>(),
                         &type_of<std::remove_cvref_t<decltype(*std::get<kIndex>(members))>>,
                         layout->offset(std::get<kIndex>(members))}),
       ...);
    }(std::make_index_sequence<Aggregate<T>::kCount>());
  }
  return fields;
}

template <class F>
void describe_function(Type::Description& description) {
  using S = Signature<F>;
  description.size = sizeof(typename S::Pointer);
  description.align = alignof(typename S::Pointer);
  description.element = &type_of<typename S::Result>;
  [&]<class... P>(std::tuple<P...>*) {
    description.parameters = {&type_of<P>...};
  }(static_cast<typename S::Parameters*>(nullptr));
  add_value_operations<typename S::Pointer>(description.operations);
  description.operations.call = &S::call;
}

template <class T>
Type::Description describe() {
  constexpr Kind kKind = kind_of<T>();
  Type::Description description;
  description.kind = kKind;
  description.name = name_of<T>();
  if constexpr (kKind == Kind::kFunc) {
    describe_function<T>(description);
  } else {
    description.size = sizeof(T);
    description.align = alignof(T);
    add_value_operations<T>(description.operations);
  }
  if constexpr (kKind == Kind::kEnum) {
    description.enumerators = EnumScan<T>::enumerators();
    description.is_signed = std::is_signed_v<std::underlying_type_t<T>>;
  } else if constexpr (kKind == Kind::kString || kKind == Kind::kBytes) {
    add_text_operations<T>(description.operations);
  } else if constexpr (kKind == Kind::kVector) {
    description.element = &type_of<typename T::value_type>;
    add_vector_operations<T>(description.operations);
  } else if constexpr (kKind == Kind::kOptional) {
    description.element = &type_of<typename T::value_type>;
    add_optional_operations<T>(description.operations);
  } else if constexpr (kKind == Kind::kMap) {
    description.element = &type_of<typename T::mapped_type>;
    description.key = &type_of<typename T::key_type>;
    add_map_operations<T>(description.operations);
  } else if constexpr (kKind == Kind::kChan) {
    description.element = &type_of<typename ChanTraits<T>::Element>;
    description.direction = ChanTraits<T>::kDirection;
  } else if constexpr (kKind == Kind::kStruct && kIsDescribed<T>) {
    description.fields = described_fields<T>();
  } else if constexpr (kKind == Kind::kStruct) {
    description.fields = aggregate_fields<T>();
  }
  return description;
}

}  // namespace internal

template <class T>
const Type& type_of() {
  static_assert(std::is_same_v<T, std::remove_cvref_t<T>>, "type_of<T>() wants T without const and references");
  static const Type type(internal::describe<T>());
  return type;
}

}  // namespace reflect
}  // namespace novelo
