// client/cli/print_yaml.cc
// YAML by way of JSON: the text protobuf made is walked once and laid out in blocks. The reader relies on well-formed
// JSON without blanks, which protobuf's one-line layout is.
#include <cctype>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "message_json.h"
#include "print.h"

namespace novelo::cli {
namespace {

class YamlWriter {
 public:
  explicit YamlWriter(std::string_view json) : json_(json) {}

  // Writes the value at the cursor as what follows "key:" or "-". `indent` is that of the lines below.
  void value(int indent, bool follows_dash) {
    if (next() == '{') {
      object(indent, follows_dash);
    } else if (next() == '[') {
      array(indent);
    } else {
      yaml_ += ' ';
      scalar();
      yaml_ += '\n';
    }
  }

  // The value at the cursor as a document of its own.
  void document(int indent) {
    if (next() == '{' || next() == '[') {
      next() == '{' ? object(indent, true) : array(indent);
      return;
    }
    yaml_.append(static_cast<std::size_t>(indent), ' ');
    scalar();
    yaml_ += '\n';
  }

  std::string take() { return std::move(yaml_); }

 private:
  char next() const { return at_ < json_.size() ? json_[at_] : '\0'; }

  // After a dash the first key stands on the dash's own line.
  void object(int indent, bool is_inline) {
    ++at_;
    if (next() == '}') {
      ++at_;
      yaml_ += is_inline && (yaml_.empty() || yaml_.back() == '\n') ? "{}\n" : " {}\n";
      return;
    }
    bool is_first = true;
    if (!is_inline) yaml_ += '\n';
    while (true) {
      if (is_first && is_inline && !yaml_.empty() && yaml_.back() == '-') {
        yaml_ += ' ';
      } else {
        yaml_.append(static_cast<std::size_t>(indent), ' ');
      }
      is_first = false;
      key();
      yaml_ += ':';
      ++at_;  // the colon
      value(indent + 2, false);
      if (json_[at_++] == '}') return;
    }
  }

  void array(int indent) {
    ++at_;
    if (next() == ']') {
      ++at_;
      yaml_ += yaml_.empty() || yaml_.back() == '\n' ? "[]\n" : " []\n";
      return;
    }
    if (!yaml_.empty() && yaml_.back() != '\n') yaml_ += '\n';
    while (true) {
      yaml_.append(static_cast<std::size_t>(indent), ' ');
      yaml_ += '-';
      value(indent + 2, true);
      if (json_[at_++] == ']') return;
    }
  }

  std::string_view string() {
    const std::size_t begin = at_++;
    while (json_[at_] != '"') at_ += json_[at_] == '\\' ? 2 : 1;
    ++at_;
    return json_.substr(begin, at_ - begin);
  }

  // A key that looks like a name stands bare. "y", "no" and the like are names to us and booleans to YAML 1.1.
  void key() {
    const std::string_view quoted = string();
    const std::string_view name = quoted.substr(1, quoted.size() - 2);
    bool is_bare = name.size() > 3 && std::islower(static_cast<unsigned char>(name.front())) != 0;
    for (const char c : name) {
      const auto byte = static_cast<unsigned char>(c);
      is_bare = is_bare && (std::islower(byte) != 0 || std::isdigit(byte) != 0 || c == '_');
    }
    is_bare = is_bare && name != "true" && name != "false" && name != "null";
    yaml_ += is_bare ? name : quoted;
  }

  void scalar() {
    if (next() == '"') {
      yaml_ += string();
      return;
    }
    while (at_ < json_.size() && next() != ',' && next() != '}' && next() != ']') yaml_ += json_[at_++];
  }

  std::string_view json_;
  std::size_t at_ = 0;
  std::string yaml_;
};

}  // namespace

std::string yaml_of_json(const std::string& json, int indent) {
  YamlWriter writer(json);
  writer.document(indent);
  return writer.take();
}

absl::Status print_yaml(const Answer& answer, std::ostream& out) {
  std::string list = "[";
  for (const google::protobuf::Message* message : answer.messages) {
    const absl::StatusOr<std::string> json = client::to_json(*message, client::JsonLayout::kOneLine);
    if (!json.ok()) return json.status();
    if (!answer.is_list) {
      out << yaml_of_json(*json, 0);
      continue;
    }
    if (list.size() > 1) list += ',';
    list += *json;
  }
  if (answer.is_list) out << yaml_of_json(list + "]", 0);
  return absl::OkStatus();
}

}  // namespace novelo::cli
