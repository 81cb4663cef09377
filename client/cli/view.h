// client/cli/view.h
// What people are shown: blocks of "key  value" lines and of tables, before anything is known of a terminal's width or
// colour. Data only; print_table.cc writes it.
#ifndef NOVELO_CLIENT_CLI_VIEW_H_
#define NOVELO_CLIENT_CLI_VIEW_H_

#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace novelo::cli {

enum class Align { kLeft, kRight };

struct Column {
  std::string name;  // upper case, "COUNT"
  Align align = Align::kLeft;
  bool is_wide = false;  // shown by -o wide alone
};

struct Table {
  std::string title;  // printed above when a view has more than one table; may be empty
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> rows;  // a cell for each column
};

// "Name:  text.word_count" lines, in order.
struct KeyValues {
  std::vector<std::pair<std::string, std::string>> lines;
};

// Text as it stands, ended by a line feed.
struct Text {
  std::string text;
};

using Block = std::variant<KeyValues, Table, Text>;
using View = std::vector<Block>;

}  // namespace novelo::cli

#endif  // NOVELO_CLIENT_CLI_VIEW_H_
