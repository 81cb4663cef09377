// client/cli/task_flags.cc
// The list of flags is made whole first: help, completion, suggestions and parsing read the same one. Messages that
// contain themselves are opened to a bounded depth; deeper values are given as JSON.
#include "task_flags.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "field_value.h"
#include "parse.h"
#include "suggest.h"

namespace novelo::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr std::size_t kDepthMax = 5;
constexpr char kPrefix[] = "input.";

std::string dashed(const std::string& name) {
  return absl::StrReplaceAll(name, {{"_", "-"}});
}

// A message that is among those the path leads through would be opened without end.
bool is_within(const std::vector<const FieldDescriptor*>& path, const Descriptor* type) {
  return std::any_of(path.begin(), path.end(), [&](const FieldDescriptor* field) {
    return field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && field->message_type() == type;
  });
}

void collect(const Descriptor& type, const std::string& prefix, const std::vector<const FieldDescriptor*>& path,
             std::vector<TaskFlag>& flags) {
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    std::vector<const FieldDescriptor*> inner = path;
    inner.push_back(&field);
    const std::string name = prefix + dashed(field.name());
    flags.push_back({name, &field, inner});
    if (has_inner_flags(field) && inner.size() < kDepthMax && !is_within(path, field.message_type())) {
      collect(*field.message_type(), name + ".", inner, flags);
    }
  }
}

const TaskFlag* find(const std::vector<TaskFlag>& flags, const std::string& name) {
  const std::string wanted = dashed(name);
  for (const TaskFlag& flag : flags) {
    if (flag.name == wanted || flag.name == kPrefix + wanted || kPrefix + flag.name == wanted) return &flag;
  }
  // The JSON names of a message's fields are known to those who come from JSON.
  for (const TaskFlag& flag : flags) {
    std::vector<std::string> parts;
    for (const FieldDescriptor* field : flag.path) parts.push_back(field->json_name());
    if (absl::StrJoin(parts, ".") == name) return &flag;
  }
  return nullptr;
}

absl::Status unknown(const client::TaskSchema& schema, const std::vector<TaskFlag>& flags, const std::string& name) {
  std::vector<std::string> names;
  std::vector<std::string> shown;
  for (const TaskFlag& flag : flags) {
    names.push_back(flag.name);
    shown.push_back(absl::StrCat("--", flag.name, " ", value_name(*flag.field)));
  }
  return absl::InvalidArgumentError(
      absl::StrCat(schema.name(), " has no field for --", name, did_you_mean(name, names, "--", "."),
                   flags.empty() ? " It has no fields." : " Its fields are: ", absl::StrJoin(shown, ", ")));
}

class Applier {
 public:
  Applier(const client::TaskSchema& schema, const std::vector<Flag>& taken, const std::vector<std::string>& words,
          Message* input)
      : schema_(schema), flags_(task_flags(schema.input(), taken)), words_(words), input_(input) {}

  absl::Status run() {
    while (at_ < words_.size()) {
      const std::string& word = words_[at_++];
      if (word.compare(0, 2, "--") != 0) {
        return absl::InvalidArgumentError(absl::StrCat("\"", word, "\" belongs to no flag; the fields of ",
                                                       schema_.name(),
                                                       " are given as --FIELD VALUE, a bool as --FIELD or --no-FIELD"));
      }
      if (absl::Status status = flag(word.substr(2)); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

 private:
  absl::Status flag(const std::string& text) {
    const std::size_t equals = text.find('=');
    const std::string name = text.substr(0, equals);
    const TaskFlag* flag = find(flags_, name);
    if (flag == nullptr) return negated(name, equals != std::string::npos);
    const bool is_bool = flag->field->cpp_type() == FieldDescriptor::CPPTYPE_BOOL && !flag->field->is_repeated();
    if (equals != std::string::npos) return set(*flag, text.substr(equals + 1));
    if (is_bool) {
      const bool has_value = at_ < words_.size() && (words_[at_] == "true" || words_[at_] == "false");
      return set(*flag, has_value ? words_[at_++] : "true");
    }
    if (at_ == words_.size() || !is_value(words_[at_])) {
      return absl::InvalidArgumentError(
          absl::StrCat("--", name, " needs a value: ", value_words(*flag->field),
                       at_ == words_.size()
                           ? ""
                           : absl::StrCat("; if ", words_[at_], " is the value, write --", name, "=", words_[at_])));
    }
    return set(*flag, words_[at_++]);
  }

  // --no-deep, and --range.no-deep of an inner one.
  absl::Status negated(const std::string& name, bool has_value) {
    const std::size_t dot = name.rfind('.');
    const std::size_t last = dot == std::string::npos ? 0 : dot + 1;
    const bool has_prefix = name.compare(last, 3, "no-") == 0 || name.compare(last, 3, "no_") == 0;
    const TaskFlag* flag = has_prefix ? find(flags_, name.substr(0, last) + name.substr(last + 3)) : nullptr;
    if (flag == nullptr) return unknown(schema_, flags_, name);
    if (flag->field->cpp_type() != FieldDescriptor::CPPTYPE_BOOL || flag->field->is_repeated()) {
      return absl::InvalidArgumentError(absl::StrCat("--", name, ": only a bool can be negated, and --", flag->name,
                                                     " is ", value_words(*flag->field)));
    }
    if (has_value) return absl::InvalidArgumentError(absl::StrCat("--", name, " takes no value"));
    return set(*flag, "false");
  }

  absl::Status set(const TaskFlag& flag, const std::string& text) {
    if (!flag.field->is_repeated()) {
      if (std::find(given_.begin(), given_.end(), flag.name) != given_.end()) {
        return absl::InvalidArgumentError(absl::StrCat("--", flag.name, " is given twice; it takes one value"));
      }
      given_.push_back(flag.name);
    }
    Message* message = input_;
    for (std::size_t i = 0; i + 1 < flag.path.size(); ++i) {
      message = message->GetReflection()->MutableMessage(message, flag.path[i]);
    }
    return set_field(message, *flag.field, "--" + flag.name, text);
  }

  const client::TaskSchema& schema_;
  const std::vector<TaskFlag> flags_;
  const std::vector<std::string>& words_;
  Message* input_;
  std::size_t at_ = 0;
  std::vector<std::string> given_;
};

}  // namespace

std::vector<TaskFlag> task_flags(const Descriptor& input, const std::vector<Flag>& taken) {
  std::vector<TaskFlag> flags;
  collect(input, "", {}, flags);
  for (TaskFlag& flag : flags) {
    const std::string first = flag.name.substr(0, flag.name.find('.'));
    const bool is_taken = std::any_of(taken.begin(), taken.end(), [&](const Flag& t) { return t.name == first; });
    if (is_taken) flag.name = kPrefix + flag.name;
  }
  return flags;
}

std::string flag_doc(const client::TaskSchema& schema, const TaskFlag& flag) {
  if (flag.path.size() == 1) {
    for (const v1::TaskField& field : schema.task().input_fields()) {
      if (field.number() != flag.field->number()) continue;
      std::string doc(absl::StripSuffix(field.doc(), "."));
      if (!field.default_json().empty()) {
        absl::StrAppend(&doc, doc.empty() ? "" : " ", "(default ", field.default_json(), ")");
      }
      return doc;
    }
  }
  google::protobuf::SourceLocation location;
  if (!flag.field->GetSourceLocation(&location)) return "";
  const std::string one_line = absl::StrReplaceAll(absl::StripAsciiWhitespace(location.leading_comments), {{"\n", ""}});
  return std::string(absl::StripSuffix(one_line, "."));
}

absl::Status apply_flags(const client::TaskSchema& schema, const std::vector<Flag>& taken,
                         const std::vector<std::string>& words, Message* input) {
  return Applier(schema, taken, words, input).run();
}

absl::Status check_ambiguous(const client::TaskSchema& schema, const Arguments& given) {
  for (const std::string& name : given.late) {
    for (int i = 0; i < schema.input().field_count(); ++i) {
      if (dashed(schema.input().field(i)->name()) != name) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("--", name, " is a flag of novelo and ", schema.name(), " has a field of that name: write --",
                       kPrefix, name, " for the field, or put novelo's --", name, " before the task's name"));
    }
  }
  return absl::OkStatus();
}

}  // namespace novelo::cli
