// client/cli/print.h
// Writing an answer to stdout in the form that -o names. Each form has a file: print_table.cc, print_json.cc,
// print_yaml.cc, print_name.cc. Tested in tests/unit/client/print_test.cc.
#ifndef NOVELO_CLIENT_CLI_PRINT_H_
#define NOVELO_CLIENT_CLI_PRINT_H_

#include <google/protobuf/message.h>

#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "view.h"

namespace novelo::cli {

enum class OutputForm {
  kTable,  // for people
  kWide,   // a table with every column
  kJson,   // one indented document; of a list an array
  kJsonl,  // one document a line
  kYaml,   // one document
  kName,   // one name a line, for shell loops
};

struct PrintOptions {
  OutputForm form = OutputForm::kTable;
  bool has_headers = true;
  bool has_color = false;
};

// An answer in all forms at once; each printer takes its part.
struct Answer {
  View view;
  std::vector<const google::protobuf::Message*> messages;
  bool is_list = false;            // json and yaml write a list, of one or none too
  std::vector<std::string> names;  // empty: the answer has no name
};

// kInvalidArgument when the answer has no such form (-o name of a reply).
absl::Status print(const Answer& answer, const PrintOptions& options, std::ostream& out);

// The forms, each for its own options alone.
void print_table(const View& view, const PrintOptions& options, std::ostream& out);
absl::Status print_json(const Answer& answer, std::ostream& out);
absl::Status print_jsonl(const Answer& answer, std::ostream& out);
absl::Status print_yaml(const Answer& answer, std::ostream& out);
absl::Status print_name(const Answer& answer, std::ostream& out);

// Columns on a terminal that `text` takes; control characters and bytes that are no UTF-8 count as escape() writes
// them.
std::size_t display_width(const std::string& text);
// `text` with control characters and bytes that are no UTF-8 as \n, \t, \x1b: it cannot move a cursor or break a line.
std::string escape(const std::string& text);

// Rows of one table as they come: widths are those of the header and of the rows so far. The header comes with the
// first row.
class RowPrinter {
 public:
  RowPrinter(std::vector<Column> columns, const PrintOptions& options, std::ostream& out);
  void row(const std::vector<std::string>& cells);

 private:
  std::vector<Column> columns_;
  std::vector<std::size_t> widths_;
  PrintOptions options_;
  std::ostream& out_;
  bool is_first_ = true;
};

// `json`, which protobuf made, as block YAML, each line indented by `indent`. A string stays a JSON string, which is
// one of YAML's own, so nothing depends on YAML's rules for plain text.
std::string yaml_of_json(const std::string& json, int indent);

}  // namespace novelo::cli

#endif  // NOVELO_CLIENT_CLI_PRINT_H_
