// Types are the nodes of a graph, "has a field of" its edges; a strongly connected component is one file. A type nested
// in another one must stand in the same file, so those two are joined by edges both ways. Tarjan's algorithm gives the
// components in the order that imports need.
#include "schema/type_files.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_replace.h>

#include <algorithm>
#include <functional>
#include <set>

#include "schema/names.h"

namespace novelo::daemon {
namespace {

using google::protobuf::DescriptorProto;
using google::protobuf::EnumDescriptorProto;
using google::protobuf::FieldDescriptorProto;
using google::protobuf::FileDescriptorProto;
using reflect::Kind;

constexpr std::string_view kTimestamp = "google.protobuf.Timestamp";
constexpr std::string_view kDuration = "google.protobuf.Duration";

// Field numbers within descriptor.proto, for source locations.
constexpr int kFileMessages = FileDescriptorProto::kMessageTypeFieldNumber;
constexpr int kFileEnums = FileDescriptorProto::kEnumTypeFieldNumber;
constexpr int kMessageFields = DescriptorProto::kFieldFieldNumber;
constexpr int kMessageMessages = DescriptorProto::kNestedTypeFieldNumber;
constexpr int kMessageEnums = DescriptorProto::kEnumTypeFieldNumber;

std::string simple_name(const std::string& full_name) {
  return full_name.substr(full_name.rfind('.') + 1);
}

// The struct or enum inside vectors, maps and optionals, if any.
void each_named(const reflect::Type& type, const std::function<void(const reflect::Type&)>& visit) {
  switch (type.kind()) {
    case Kind::kStruct:
    case Kind::kEnum:
      visit(type);
      break;
    case Kind::kVector:
    case Kind::kOptional:
    case Kind::kMap:
      each_named(type.element(), visit);
      break;
    default:
      break;
  }
}

void each_well_known(const reflect::Type& type, const std::function<void(const char*)>& visit) {
  switch (type.kind()) {
    case Kind::kTime:
      visit("google/protobuf/timestamp.proto");
      break;
    case Kind::kDuration:
      visit("google/protobuf/duration.proto");
      break;
    case Kind::kVector:
    case Kind::kOptional:
    case Kind::kMap:
      each_well_known(type.element(), visit);
      break;
    default:
      break;
  }
}

struct ScalarForm {
  FieldDescriptorProto::Type type;
  const char* text;
};

// The form of a kind that needs no name; nullptr text for those that do.
ScalarForm scalar_form(Kind kind) {
  switch (kind) {
    case Kind::kBool:
      return {FieldDescriptorProto::TYPE_BOOL, "bool"};
    case Kind::kInt8:
    case Kind::kInt16:
    case Kind::kInt32:
      return {FieldDescriptorProto::TYPE_INT32, "int32"};
    case Kind::kInt64:
      return {FieldDescriptorProto::TYPE_INT64, "int64"};
    case Kind::kUint8:
    case Kind::kUint16:
    case Kind::kUint32:
      return {FieldDescriptorProto::TYPE_UINT32, "uint32"};
    case Kind::kUint64:
      return {FieldDescriptorProto::TYPE_UINT64, "uint64"};
    case Kind::kFloat:
      return {FieldDescriptorProto::TYPE_FLOAT, "float"};
    case Kind::kDouble:
      return {FieldDescriptorProto::TYPE_DOUBLE, "double"};
    case Kind::kString:
      return {FieldDescriptorProto::TYPE_STRING, "string"};
    case Kind::kBytes:
      return {FieldDescriptorProto::TYPE_BYTES, "bytes"};
    default:
      return {FieldDescriptorProto::TYPE_MESSAGE, nullptr};
  }
}

// Sets type and type name of a field that holds one value of `type`.
void set_single_type(FieldDescriptorProto& field, const reflect::Type& type) {
  switch (type.kind()) {
    case Kind::kStruct:
      field.set_type(FieldDescriptorProto::TYPE_MESSAGE);
      field.set_type_name(absl::StrCat(".", message_name(type)));
      return;
    case Kind::kEnum:
      field.set_type(FieldDescriptorProto::TYPE_ENUM);
      field.set_type_name(absl::StrCat(".", message_name(type)));
      return;
    case Kind::kTime:
      field.set_type(FieldDescriptorProto::TYPE_MESSAGE);
      field.set_type_name(absl::StrCat(".", std::string(kTimestamp)));
      return;
    case Kind::kDuration:
      field.set_type(FieldDescriptorProto::TYPE_MESSAGE);
      field.set_type_name(absl::StrCat(".", std::string(kDuration)));
      return;
    default:
      field.set_type(scalar_form(type.kind()).type);
      return;
  }
}

void set_proto3_optional(DescriptorProto& message, FieldDescriptorProto& field) {
  field.set_proto3_optional(true);
  field.set_oneof_index(message.oneof_decl_size());
  message.add_oneof_decl()->set_name(absl::StrCat("_", field.name()));
}

// protobuf insists on this spelling of a map's entry type.
std::string map_entry_name(std::string_view field) {
  return pascal_case(field) + "Entry";
}

std::string field_comment(const FieldForm& form) {
  std::string text(form.doc);
  if (form.has_default) {
    absl::StrAppend(&text, text.empty() ? "" : "\n", "Default: ", std::string(form.default_json));
  }
  return text;
}

}  // namespace

std::string message_name(const reflect::Type& type) {
  std::string name = absl::StrReplaceAll(std::string(type.name()), {{"::", "."}});
  std::string out;
  for (std::size_t at = 0; at <= name.size();) {
    std::size_t end = name.find('.', at);
    if (end == std::string::npos) end = name.size();
    std::string part = name.substr(at, end - at);
    at = end + 1;
    if (part.empty() || part.find("anonymous") != std::string::npos) continue;
    for (char& c : part) {
      if (!absl::ascii_isalnum(static_cast<unsigned char>(c))) c = '_';
    }
    if (absl::ascii_isdigit(static_cast<unsigned char>(part[0]))) part.insert(part.begin(), '_');
    absl::StrAppend(&out, out.empty() ? "" : ".", part);
  }
  return out;
}

std::string package_of(std::string_view full_name) {
  const std::size_t dot = full_name.rfind('.');
  return dot == std::string_view::npos ? std::string() : std::string(full_name.substr(0, dot));
}

std::string proto_type_text(const reflect::Type& type) {
  switch (type.kind()) {
    case Kind::kStruct:
    case Kind::kEnum:
      return message_name(type);
    case Kind::kTime:
      return std::string(kTimestamp);
    case Kind::kDuration:
      return std::string(kDuration);
    case Kind::kVector:
      return "repeated " + proto_type_text(type.element());
    case Kind::kOptional:
      return proto_type_text(type.element());
    case Kind::kMap:
      return absl::StrCat("map<", proto_type_text(type.key()), ", ", proto_type_text(type.element()), ">");
    default: {
      const char* text = scalar_form(type.kind()).text;
      return text == nullptr ? std::string(type.name()) : text;
    }
  }
}

void Comments::add(const std::vector<int>& path, std::string_view text) {
  ++line_;
  if (text.empty()) return;
  auto* location = file_.mutable_source_code_info()->add_location();
  for (int step : path) location->add_path(step);
  for (int place : {line_, 0, 1}) location->add_span(place);
  // As protoc stores "// words": a blank before each line, a line feed after it.
  location->set_leading_comments(absl::StrCat(" ", absl::StrReplaceAll(std::string(text), {{"\n", "\n "}}), "\n"));
}

void TypeFiles::add(const reflect::Type& type) {
  collect(type);
}

void TypeFiles::collect(const reflect::Type& type) {
  each_named(type, [this](const reflect::Type& named) {
    if (!types_.emplace(message_name(named), &named).second) return;
    for (const reflect::Field& field : named.fields()) collect(field.type());
  });
}

// The known struct in whose scope `name` stands; empty when it stands in a namespace.
std::string TypeFiles::host_of(const std::string& name) const {
  for (std::string scope = package_of(name); !scope.empty(); scope = package_of(scope)) {
    const auto found = types_.find(scope);
    if (found != types_.end() && found->second->kind() == Kind::kStruct) return scope;
  }
  return {};
}

std::vector<std::string> TypeFiles::imports_of(const reflect::Type& type) const {
  std::set<std::string> imports;
  each_named(type, [&](const reflect::Type& named) {
    const auto found = file_of_.find(message_name(named));
    if (found != file_of_.end()) imports.insert(found->second);
  });
  each_well_known(type, [&](const char* file) { imports.insert(file); });
  return {imports.begin(), imports.end()};
}

absl::Status TypeFiles::build() {
  std::map<std::string, std::vector<std::string>> edges;
  for (const auto& [name, type] : types_) {
    for (const reflect::Field& field : type->fields()) {
      each_named(field.type(), [&](const reflect::Type& named) { edges[name].push_back(message_name(named)); });
    }
    if (const std::string host = host_of(name); !host.empty()) {
      edges[name].push_back(host);
      edges[host].push_back(name);
    }
  }

  struct Mark {
    int index = 0;  // 0: not reached
    int low = 0;
    bool is_on_stack = false;
  };
  std::map<std::string, Mark> marks;
  std::vector<std::string> stack;
  int next_index = 0;
  absl::Status status;
  const std::function<void(const std::string&)> visit = [&](const std::string& name) {
    Mark& mark = marks[name];
    mark = {++next_index, next_index, true};
    stack.push_back(name);
    for (const std::string& next : edges[name]) {
      if (marks[next].index == 0) {
        visit(next);
        mark.low = std::min(mark.low, marks[next].low);
      } else if (marks[next].is_on_stack) {
        mark.low = std::min(mark.low, marks[next].index);
      }
    }
    if (mark.low != mark.index) return;
    std::vector<std::string> members;
    for (bool done = false; !done;) {
      done = stack.back() == name;
      marks[stack.back()].is_on_stack = false;
      members.push_back(stack.back());
      stack.pop_back();
    }
    std::sort(members.begin(), members.end());
    status.Update(build_file(members));
  };
  for (const auto& [name, type] : types_) {
    if (marks[name].index == 0) visit(name);
  }
  return status;
}

absl::Status TypeFiles::build_file(const std::vector<std::string>& members) {
  std::vector<std::string> roots;
  for (const std::string& name : members) {
    if (host_of(name).empty()) roots.push_back(name);
  }
  const std::string package = package_of(roots.front());
  for (const std::string& root : roots) {
    if (package_of(root) != package) {
      return absl::InvalidArgumentError(absl::StrCat(
          "the types ", roots.front(), " and ", root,
          " contain each other but stand in different namespaces, which protobuf cannot express; move them together"));
    }
  }

  FileDescriptorProto file;
  const std::string stem = snake_case(simple_name(roots.front()));
  file.set_name(absl::StrCat(package.empty() ? "" : absl::StrReplaceAll(package, {{".", "/"}}) + "/", stem, ".proto"));
  file.set_package(package);
  file.set_syntax("proto3");
  for (const std::string& name : members) file_of_[name] = file.name();

  std::set<std::string> imports;
  for (const std::string& name : members) {
    for (const reflect::Field& field : types_.at(name)->fields()) {
      for (const std::string& import : imports_of(field.type())) {
        if (import != file.name()) imports.insert(import);
      }
    }
  }
  for (const std::string& import : imports) file.add_dependency(import);

  Comments comments(file);
  for (const std::string& root : roots) {
    if (types_.at(root)->kind() == Kind::kStruct) {
      const std::vector<int> path = {kFileMessages, file.message_type_size()};
      add_message(*file.add_message_type(), root, path, members, comments);
    } else {
      comments.add({kFileEnums, file.enum_type_size()}, types_.at(root)->doc());
      add_enum(*file.add_enum_type(), root);
    }
  }
  files_.push_back(std::move(file));
  return absl::OkStatus();
}

void TypeFiles::add_message(DescriptorProto& message, const std::string& name, const std::vector<int>& path,
                            const std::vector<std::string>& members, Comments& comments) const {
  const reflect::Type& type = *types_.at(name);
  message.set_name(simple_name(name));
  comments.add(path, type.doc());
  for (const reflect::Field& field : type.fields()) {
    std::vector<int> field_path = path;
    field_path.insert(field_path.end(), {kMessageFields, message.field_size()});
    const FieldForm form = {field.name(), field.number(), field.has_default(), field.default_json(), field.doc()};
    add_field(message, form, field.type());
    comments.add(field_path, field_comment(form));
  }
  for (const std::string& member : members) {
    if (host_of(member) != name) continue;
    std::vector<int> member_path = path;
    if (types_.at(member)->kind() == Kind::kStruct) {
      member_path.insert(member_path.end(), {kMessageMessages, message.nested_type_size()});
      add_message(*message.add_nested_type(), member, member_path, members, comments);
    } else {
      member_path.insert(member_path.end(), {kMessageEnums, message.enum_type_size()});
      comments.add(member_path, types_.at(member)->doc());
      add_enum(*message.add_enum_type(), member);
    }
  }
}

void TypeFiles::add_enum(EnumDescriptorProto& message, const std::string& name) const {
  const reflect::Type& type = *types_.at(name);
  message.set_name(simple_name(name));
  const std::string prefix = upper_snake_case(message.name());
  // proto3 wants the value 0, and wants it first; values are scoped beside their enum, so they carry its name.
  const auto zero = std::find_if(type.enumerators().begin(), type.enumerators().end(),
                                 [](const reflect::Enumerator& e) { return e.number == 0; });
  auto* first = message.add_value();
  first->set_number(0);
  first->set_name(
      absl::StrCat(prefix, "_", zero == type.enumerators().end() ? "UNSPECIFIED" : upper_snake_case(zero->name)));
  for (const reflect::Enumerator& enumerator : type.enumerators()) {
    if (enumerator.number == 0) continue;
    auto* value = message.add_value();
    value->set_number(enumerator.number);
    value->set_name(absl::StrCat(prefix, "_", upper_snake_case(enumerator.name)));
  }
}

void TypeFiles::add_field(DescriptorProto& message, const FieldForm& form, const reflect::Type& type) const {
  FieldDescriptorProto* field = message.add_field();
  field->set_name(std::string(form.name));
  field->set_json_name(std::string(form.name));  // JSON says what the struct says
  field->set_number(form.number);
  field->set_label(FieldDescriptorProto::LABEL_OPTIONAL);
  switch (type.kind()) {
    case Kind::kVector:
      field->set_label(FieldDescriptorProto::LABEL_REPEATED);
      set_single_type(*field, type.element());
      return;
    case Kind::kMap: {
      DescriptorProto* entry = message.add_nested_type();
      entry->set_name(map_entry_name(form.name));
      entry->mutable_options()->set_map_entry(true);
      add_field(*entry, {.name = "key", .number = 1}, type.key());
      add_field(*entry, {.name = "value", .number = 2}, type.element());
      field->set_label(FieldDescriptorProto::LABEL_REPEATED);
      field->set_type(FieldDescriptorProto::TYPE_MESSAGE);
      field->set_type_name(entry->name());
      return;
    }
    case Kind::kOptional:
      set_single_type(*field, type.element());
      if (field->type() != FieldDescriptorProto::TYPE_MESSAGE) set_proto3_optional(message, *field);
      return;
    default:
      set_single_type(*field, type);
      if (form.has_default && field->type() != FieldDescriptorProto::TYPE_MESSAGE) set_proto3_optional(message, *field);
      return;
  }
}

DescriptorProto TypeFiles::wrapper(std::string_view name, const reflect::Type& type) const {
  DescriptorProto message;
  message.set_name(std::string(name));
  add_field(message, {.name = "value", .number = 1}, type);
  return message;
}

}  // namespace novelo::daemon
