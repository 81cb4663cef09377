// client/cli/print_name.cc
// What is common to the forms, and the shortest of them.
#include "absl/status/status.h"
#include "print.h"

namespace novelo::cli {

absl::Status print_name(const Answer& answer, std::ostream& out) {
  if (answer.names.empty() && !(answer.is_list && answer.messages.empty())) {
    return absl::InvalidArgumentError("-o name: this answer has no name; use table, json, jsonl or yaml");
  }
  for (const std::string& name : answer.names) out << name << '\n';
  return absl::OkStatus();
}

absl::Status print(const Answer& answer, const PrintOptions& options, std::ostream& out) {
  switch (options.form) {
    case OutputForm::kTable:
    case OutputForm::kWide:
      print_table(answer.view, options, out);
      return absl::OkStatus();
    case OutputForm::kJson:
      return print_json(answer, out);
    case OutputForm::kJsonl:
      return print_jsonl(answer, out);
    case OutputForm::kYaml:
      return print_yaml(answer, out);
    case OutputForm::kName:
      return print_name(answer, out);
  }
  return absl::InternalError("no such output form");
}

}  // namespace novelo::cli
