// client/cli/stream_printer.cc
// -o json of a stream is JSON lines too: an array could not be closed if the stream breaks, and readers of JSON lines
// need no other form.
#include "stream_printer.h"

#include <utility>

#include "absl/status/statusor.h"
#include "message_json.h"

namespace novelo::cli {

StreamPrinter::StreamPrinter(Session& session, OutputForm natural, std::vector<Column> columns, Cells cells)
    : session_(session),
      options_(session.print_options(natural)),
      columns_(std::move(columns)),
      cells_(std::move(cells)) {}

absl::Status StreamPrinter::check() const {
  if (options_.form != OutputForm::kName) return absl::OkStatus();
  return absl::InvalidArgumentError("-o name: a stream of messages has no names; use table, json, jsonl or yaml");
}

absl::Status StreamPrinter::print(const google::protobuf::Message& message) {
  if (options_.form == OutputForm::kTable || options_.form == OutputForm::kWide) {
    if (!rows_) rows_.emplace(columns_, options_, session_.out());
    rows_->row(cells_(message));
    return absl::OkStatus();
  }
  const absl::StatusOr<std::string> json = client::to_json(message, client::JsonLayout::kOneLine);
  if (!json.ok()) return json.status();
  if (options_.form == OutputForm::kYaml) {
    session_.out() << "---\n" << yaml_of_json(*json, 0);
  } else {
    session_.out() << *json << '\n';
  }
  return absl::OkStatus();
}

}  // namespace novelo::cli
