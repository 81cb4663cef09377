// client/cli/print_json.cc
// A list is an array in json and a document a line in jsonl.
#include "absl/status/statusor.h"
#include "message_json.h"
#include "print.h"

namespace novelo::cli {

absl::Status print_jsonl(const Answer& answer, std::ostream& out) {
  for (const google::protobuf::Message* message : answer.messages) {
    const absl::StatusOr<std::string> json = client::to_json(*message, client::JsonLayout::kOneLine);
    if (!json.ok()) return json.status();
    out << *json << '\n';
  }
  return absl::OkStatus();
}

absl::Status print_json(const Answer& answer, std::ostream& out) {
  std::string text;
  for (const google::protobuf::Message* message : answer.messages) {
    const absl::StatusOr<std::string> json = client::to_json(*message, client::JsonLayout::kIndented);
    if (!json.ok()) return json.status();
    if (!text.empty()) text += ",\n";
    text += *json;
  }
  if (!answer.is_list) {
    out << text << '\n';
  } else if (text.empty()) {
    out << "[]\n";
  } else {
    out << "[\n" << text << "\n]\n";
  }
  return absl::OkStatus();
}

}  // namespace novelo::cli
