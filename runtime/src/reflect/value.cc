// A path is followed step by step: a name into a field, an index into an element, and through optionals without a sign.
#include "novelo/reflect/value.h"

#include <charconv>
#include <cstddef>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "novelo/reflect/wire.h"
#include "reflect/raw_object.h"

namespace novelo::reflect {
namespace {

struct Place {
  const Type* type;
  const void* at;
};

absl::Status bad_path(std::string_view path, std::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("path `", std::string(path), "`: ", std::string(why)));
}

// Takes the leading name off `rest`: up to the next '.' or '['.
std::string_view take_name(std::string_view& rest) {
  const std::size_t end = std::min(rest.find_first_of(".["), rest.size());
  const std::string_view name = rest.substr(0, end);
  rest.remove_prefix(end);
  return name;
}

absl::StatusOr<Place> step_into_field(Place place, std::string_view name, std::string_view path) {
  const Field* field = place.type->field(name);
  if (field == nullptr) {
    return absl::NotFoundError(absl::StrCat("path `", std::string(path), "`: ", std::string(place.type->name()),
                                            " has no field `", std::string(name), "`"));
  }
  return Place{&field->type(), static_cast<const std::byte*>(place.at) + field->offset()};
}

absl::StatusOr<Place> step_into_element(Place place, std::string_view& rest, std::string_view path) {
  std::size_t index = 0;
  const std::size_t close = rest.find(']');
  const char* first = rest.data() + 1;
  if (close == std::string_view::npos) return bad_path(path, "there is no `]`");
  const auto [end, error] = std::from_chars(first, rest.data() + close, index);
  if (error != std::errc() || end != rest.data() + close) return bad_path(path, "an index is a number from 0");
  if (place.type->kind() != Kind::kVector) return bad_path(path, "only a vector has an index");
  rest.remove_prefix(close + 1);
  const void* found = nullptr;
  std::size_t at = 0;
  place.type->operations().each(place.at, [&](const void* element) {
    if (at++ < index) return true;
    found = element;
    return false;
  });
  if (found == nullptr) {
    return absl::NotFoundError(absl::StrCat("path `", std::string(path), "`: there are ", at, " elements"));
  }
  return Place{&place.type->element(), found};
}

// Into the value that an optional on the way holds.
absl::StatusOr<Place> step_into_optional(Place place, std::string_view path) {
  Place held{&place.type->element(), nullptr};
  place.type->operations().each(place.at, [&](const void* value) {
    held.at = value;
    return true;
  });
  if (held.at == nullptr) return absl::NotFoundError(absl::StrCat("path `", std::string(path), "`: there is no value"));
  return held;
}

absl::StatusOr<Place> find(Place place, std::string_view path) {
  std::string_view rest = path;
  while (!rest.empty()) {
    if (place.type->kind() == Kind::kOptional) {
      absl::StatusOr<Place> held = step_into_optional(place, path);
      if (!held.ok()) return held.status();
      place = *held;
    }
    absl::StatusOr<Place> next = place;
    if (rest.front() == '[') {
      if (place.type->kind() == Kind::kVector && place.type->element().kind() == Kind::kBool) {
        return bad_path(path, "the elements of a vector of bool have no place of their own; get the vector");
      }
      next = step_into_element(place, rest, path);
    } else {
      next = step_into_field(place, take_name(rest), path);
    }
    if (!next.ok()) return next.status();
    place = *next;
    if (rest.starts_with('.')) {
      rest.remove_prefix(1);
      if (rest.empty()) return bad_path(path, "a name is missing after the last `.`");
    }
  }
  return place;
}

}  // namespace

Value::Value(const Type& type, void* object, Ownership ownership)
    : type_(&type), data_(object), is_owner_(ownership != Ownership::kViewed) {
  if (!is_owner_) return;
  data_ = allocate_raw(type);
  try {
    if (ownership == Ownership::kMade) type.operations().construct(data_);
    if (ownership == Ownership::kMoved) type.operations().move(data_, object);
    if (ownership == Ownership::kCopied) type.operations().copy(data_, object);
  } catch (...) {
    free_raw(type, data_);
    throw;
  }
}

Value::Value(Value&& other) noexcept
    : type_(other.type_), data_(std::exchange(other.data_, nullptr)), is_owner_(other.is_owner_) {}

Value& Value::operator=(Value&& other) noexcept {
  if (this == &other) return *this;
  release();
  type_ = other.type_;
  data_ = std::exchange(other.data_, nullptr);
  is_owner_ = other.is_owner_;
  return *this;
}

Value::~Value() {
  release();
}

void Value::release() noexcept {
  if (!is_owner_ || data_ == nullptr) return;
  type_->operations().destroy(data_);
  free_raw(*type_, data_);
}

absl::StatusOr<Value> Value::get(std::string_view path) const {
  const absl::StatusOr<Place> place = find({type_, data_}, path);
  if (!place.ok()) return place.status();
  return view(*place->type, const_cast<void*>(place->at));
}

absl::Status Value::set(std::string_view path, const Value& value) {
  absl::StatusOr<Value> place = get(path);
  if (!place.ok()) return place.status();
  if (&place->type() != &value.type()) {
    return bad_path(path, absl::StrCat("it is a ", std::string(place->type().name()), ", not a ",
                                       std::string(value.type().name())));
  }
  if (value.type().operations().assign == nullptr) return bad_path(path, "its type cannot be copied");
  value.type().operations().assign(place->data(), value.data());
  return absl::OkStatus();
}

absl::StatusOr<Value> Value::call(std::span<const Value> arguments) const {
  if (type_->kind() != Kind::kFunc) {
    return absl::InvalidArgumentError(absl::StrCat("a ", std::string(type_->name()), " is no function"));
  }
  const auto parameters = type_->parameters();
  if (arguments.size() != parameters.size()) {
    return absl::InvalidArgumentError(absl::StrCat("`", std::string(type_->name()), "` takes ", parameters.size(),
                                                   " arguments, not ", arguments.size()));
  }
  std::vector<Value> copies;
  std::vector<void*> addresses;
  copies.reserve(arguments.size());
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const Type& type = parameters[i]();
    if (&arguments[i].type() != &type || type.operations().copy == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat("argument ", i + 1, " of `", std::string(type_->name()),
                                                     "` is a copyable ", std::string(type.name()), ", not a ",
                                                     std::string(arguments[i].type().name())));
    }
    copies.push_back(Value(type, const_cast<void*>(arguments[i].data()), Ownership::kCopied));
    addresses.push_back(copies.back().data());
  }
  const Type& result_type = type_->element();
  struct Raw {
    const Type& type;
    void* at;
    ~Raw() {
      if (at != nullptr) free_raw(type, at);
    }
  } raw{result_type, allocate_raw(result_type)};
  absl::Status status = type_->operations().call(data_, addresses.data(), raw.at);
  if (!status.ok()) return status;
  Value result = view(result_type, std::exchange(raw.at, nullptr));
  result.is_owner_ = true;
  return result;
}

absl::StatusOr<std::string> Value::to_wire() const {
  return reflect::to_wire(*type_, data_);
}

absl::Status Value::from_wire(std::string_view message) {
  return reflect::from_wire(*type_, message, data_);
}

}  // namespace novelo::reflect
