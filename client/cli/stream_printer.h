// client/cli/stream_printer.h
// The messages of a stream on stdout, each as it comes: JSON lines, unless -o asks for rows of a table or YAML
// documents. Main thread only.
#ifndef NOVELO_CLIENT_CLI_STREAM_PRINTER_H_
#define NOVELO_CLIENT_CLI_STREAM_PRINTER_H_

#include <google/protobuf/message.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "print.h"
#include "session.h"

namespace novelo::cli {

class StreamPrinter {
 public:
  using Cells = std::function<std::vector<std::string>(const google::protobuf::Message&)>;

  // `columns` and `cells` are for the table form.
  StreamPrinter(Session& session, OutputForm natural, std::vector<Column> columns, Cells cells);

  // kInvalidArgument for a form that a stream has not.
  absl::Status check() const;
  absl::Status print(const google::protobuf::Message& message);

 private:
  Session& session_;
  PrintOptions options_;
  std::vector<Column> columns_;
  Cells cells_;
  std::optional<RowPrinter> rows_;
};

}  // namespace novelo::cli

#endif  // NOVELO_CLIENT_CLI_STREAM_PRINTER_H_
