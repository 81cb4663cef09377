// A Type is complete when it is made, defaults included, so that readers need no lock.
#include "novelo/reflect/type.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "base/check.h"
#include "reflect/raw_object.h"
#include "reflect/registry.h"
#include "reflect/scalar.h"

namespace novelo::reflect {
namespace {

constexpr std::array<std::string_view, 23> kKindNames = {"bool",   "int8",     "int16",  "int32",  "int64",  "uint8",
                                                         "uint16", "uint32",   "uint64", "float",  "double", "string",
                                                         "bytes",  "enum",     "struct", "vector", "map",    "optional",
                                                         "time",   "duration", "chan",   "func",   "opaque"};
static_assert(kKindNames.size() == static_cast<std::size_t>(Kind::kOpaque) + 1);

[[noreturn]] void die_of_missing(const Type& type, const char* what) {
  rt::fatal("the type `%.*s` has no %s", static_cast<int>(type.name().size()), type.name().data(), what);
}

}  // namespace

std::string_view to_string(Kind kind) {
  return kKindNames[static_cast<std::size_t>(kind)];
}

bool is_scalar(Kind kind) {
  return is_integral(kind) || kind == Kind::kFloat || kind == Kind::kDouble || kind == Kind::kString ||
         kind == Kind::kBytes || kind == Kind::kTime || kind == Kind::kDuration;
}

std::string_view Field::doc() const {
  return Registry::get().field_doc(owner_, name_);
}

std::string_view Type::doc() const {
  return Registry::get().type_doc(name_);
}

Type::Type(Description description)
    : name_(std::move(description.name)),
      parameters_(std::move(description.parameters)),
      enumerators_(std::move(description.enumerators)),
      element_(description.element),
      key_(description.key),
      size_(description.size),
      align_(description.align),
      operations_(description.operations),
      kind_(description.kind),
      direction_(description.direction),
      is_signed_(description.is_signed) {
  fields_.reserve(description.fields.size());
  for (const FieldDescription& known : description.fields) {
    Field& field = fields_.emplace_back();
    field.name_ = known.name;
    field.owner_ = name_;
    field.type_ = known.type;
    field.offset_ = known.offset;
    field.number_ = static_cast<int>(fields_.size());
  }
  if (!fields_.empty()) find_defaults();
}

// The types of fields are asked for here, which makes them while this one is being made. That ends: a struct cannot
// hold itself by value, and a type that refers to another by element or key does not ask for it until element() is
// called.
void Type::find_defaults() {
  for (Field& field : fields_) field.is_optional_ = field.type().kind() == Kind::kOptional;
  if (operations_.construct == nullptr || operations_.destroy == nullptr) return;
  const RawObject object(*this);
  for (Field& field : fields_) {
    const std::byte* at = object.bytes() + field.offset();
    if (!is_scalar(field.type().kind()) || is_zero(field.type(), at)) continue;
    field.has_default_ = true;
    field.default_json_ = to_json_text(field.type(), at);
  }
}

const Field* Type::field(std::string_view name) const {
  const auto found = std::find_if(fields_.begin(), fields_.end(), [&](const Field& f) { return f.name() == name; });
  return found == fields_.end() ? nullptr : &*found;
}

const Type& Type::element() const {
  if (element_ == nullptr) die_of_missing(*this, "element");
  return element_();
}

const Type& Type::key() const {
  if (key_ == nullptr) die_of_missing(*this, "key");
  return key_();
}

}  // namespace novelo::reflect
