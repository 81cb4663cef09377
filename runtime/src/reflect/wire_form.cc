// Which types can be messages. Protobuf has no lists of lists, no keys but integers, bools and text, and cannot tell an
// empty list from an absent one; whoever registers a function hears of it at once, with the field, and not at the first
// call.
#include <set>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "novelo/reflect/names.h"
#include "novelo/reflect/wire.h"
#include "reflect/raw_object.h"
#include "reflect/scalar.h"

namespace novelo::reflect {
namespace {

bool is_key(Kind kind) {
  return kind == Kind::kString || (is_integral(kind) && kind != Kind::kEnum);
}

// "text::Match": what can be the name of a message.
bool is_plain_name(std::string_view name) {
  bool is_start = true;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name.substr(i).starts_with("::") && !is_start) {
      is_start = true;
      ++i;
      continue;
    }
    const bool is_digit = name[i] >= '0' && name[i] <= '9';
    if (!internal::is_identifier_char(name[i]) || (is_start && is_digit)) return false;
    is_start = false;
  }
  return !is_start;
}

class FormCheck {
 public:
  absl::Status message(const Type& type) {
    if (type.kind() == Kind::kStruct) return structure(type, std::string(type.name()));
    return field(type, "value");
  }

 private:
  absl::Status structure(const Type& type, const std::string& path) {
    if (!seen_.insert(&type).second) return absl::OkStatus();
    if (!is_plain_name(type.name())) {
      return no(path, type,
                "its name is none a message can have: templates and local classes have no name of their own");
    }
    const Operations& ops = type.operations();
    if (ops.construct == nullptr || ops.destroy == nullptr || ops.move == nullptr || ops.reset == nullptr) {
      return no(path, type, "it must have a default constructor and be movable and assignable");
    }
    if (absl::Status status = defaults(type, path); !status.ok()) return status;
    for (const Field& f : type.fields()) {
      if (absl::Status status = field(f.type(), absl::StrCat(path, ".", std::string(f.name()))); !status.ok()) {
        return status;
      }
    }
    return absl::OkStatus();
  }

  static absl::Status defaults(const Type& type, const std::string& path) {
    const RawObject object(type);
    for (const Field& f : type.fields()) {
      const Operations& ops = f.type().operations();
      if (ops.count == nullptr || ops.count(object.bytes() + f.offset()) == 0) continue;
      return no(absl::StrCat(path, ".", std::string(f.name())), f.type(),
                "its default must be empty: on the wire, absent means empty");
    }
    return absl::OkStatus();
  }

  absl::Status field(const Type& type, const std::string& path) {
    switch (type.kind()) {
      case Kind::kVector:
        if (type.operations().append == nullptr) {
          return no(path, type, "its elements must have a default constructor and be movable");
        }
        return single(type.element(), absl::StrCat(path, "[]"));
      case Kind::kOptional:
        if (type.operations().append == nullptr) return no(path, type, "its value must have a default constructor");
        return single(type.element(), path);
      case Kind::kMap:
        if (!is_key(type.key().kind())) {
          return no(path, type, "the keys of a map are integers, bools or strings");
        }
        if (type.operations().insert == nullptr) {
          return no(path, type, "its keys and values must have a default constructor");
        }
        return single(type.element(), absl::StrCat(path, "[]"));
      default:
        return single(type, path);
    }
  }

  absl::Status single(const Type& type, const std::string& path) {
    if (type.kind() == Kind::kStruct) return structure(type, path);
    if (type.kind() == Kind::kEnum && !is_plain_name(type.name())) {
      return no(path, type, "its name is none an enum can have");
    }
    if (type.kind() == Kind::kEnum && type.enumerators().empty()) {
      return no(path, type, "it has no enumerator from -128 to 128");
    }
    if (is_scalar(type.kind())) return absl::OkStatus();
    if (type.kind() == Kind::kVector || type.kind() == Kind::kMap || type.kind() == Kind::kOptional) {
      return no(path, type, "lists, maps and optionals cannot be inside one another; put a struct between them");
    }
    return no(
        path, type,
        "only bool, numbers, strings, bytes, enums, times, durations, structs, and vectors, maps and optionals of them "
        "can travel; a class that is no aggregate, has base classes or more than 64 fields needs NOVELO_REFLECT");
  }

  static absl::Status no(const std::string& path, const Type& type, std::string_view why) {
    return absl::InvalidArgumentError(
        absl::StrCat("`", path, "` of type `", std::string(type.name()), "` cannot be sent: ", std::string(why)));
  }

  std::set<const Type*> seen_;
};

}  // namespace

absl::Status check_wire_form(const Type& type) {
  return FormCheck().message(type);
}

}  // namespace novelo::reflect
