// daemon/src/schema/type_files.h
// Protobuf files made from reflected C++ types.
//
//   names     a::b::C becomes the message a.b.C; a struct inside a struct becomes a nested message; one file holds one
//             set of types that need each other, so that a type's file does not depend on which tasks use it
//   mapping   that of novelo/reflect/wire.h; a field whose default is not the zero value has explicit presence
//   docs      become the source comments of the file, defaults included, so that reflection clients show them
//   limits    types from different namespaces that contain each other have no protobuf form: an error names them
//   tested    tests/unit/daemon/type_files_test.cc
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <google/protobuf/descriptor.pb.h>
#include <novelo/reflect.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace novelo::daemon {

// "text::WordCountRequest" -> "text.WordCountRequest"; parts that protobuf has no word for are left out or replaced.
std::string message_name(const reflect::Type& type);

// "text.WordCountRequest" -> "text"; "WordCount" -> "".
std::string package_of(std::string_view full_name);

// The type of a field as .proto files write it: "repeated text.WordCount", "map<string, int64>".
std::string proto_type_text(const reflect::Type& type);

// Comments of a file under construction, in the form of FileDescriptorProto.source_code_info.
class Comments {
 public:
  explicit Comments(google::protobuf::FileDescriptorProto& file) : file_(file) {}
  // Puts `text` before the element at `path` (field numbers and indexes from the file down). Empty text: nothing.
  void add(const std::vector<int>& path, std::string_view text);

 private:
  google::protobuf::FileDescriptorProto& file_;
  int line_ = 0;
};

// What a field is called and means, beside its type.
struct FieldForm {
  std::string_view name;
  int number = 1;
  bool has_default = false;
  std::string_view default_json;
  std::string_view doc;
};

class TypeFiles {
 public:
  // Adds a struct, and every type it needs. Requires: check_wire_form(type) is OK.
  void add(const reflect::Type& type);

  // A message with the one field `value`, for a type that is none itself. To be called after add() of the same type.
  google::protobuf::DescriptorProto wrapper(std::string_view name, const reflect::Type& type) const;

  // The files a message of this type, or a wrapper of it, needs.
  std::vector<std::string> imports_of(const reflect::Type& type) const;

  // Sorts the types into files, each after those it imports. To be called once, after the last add().
  absl::Status build();
  const std::vector<google::protobuf::FileDescriptorProto>& files() const { return files_; }

 private:
  void collect(const reflect::Type& type);
  std::string host_of(const std::string& name) const;
  absl::Status build_file(const std::vector<std::string>& members);
  void add_message(google::protobuf::DescriptorProto& message, const std::string& name, const std::vector<int>& path,
                   const std::vector<std::string>& members, Comments& comments) const;
  void add_enum(google::protobuf::EnumDescriptorProto& message, const std::string& name) const;
  void add_field(google::protobuf::DescriptorProto& message, const FieldForm& form, const reflect::Type& type) const;

  std::map<std::string, const reflect::Type*> types_;  // structs and enums by full name
  std::map<std::string, std::string> file_of_;         // full name -> file name
  std::vector<google::protobuf::FileDescriptorProto> files_;
};

}  // namespace novelo::daemon
