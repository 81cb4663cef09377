// client/cli/print_table.cc
// Tables as kubectl and docker draw them: upper-case heads, two blanks between columns, nothing after the last cell.
#include <wchar.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "print.h"

namespace novelo::cli {
namespace {

constexpr std::size_t kGap = 2;

// The character at `at` and its length in bytes; none where no UTF-8 character begins.
std::optional<std::pair<char32_t, std::size_t>> decode(const std::string& text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t first = byte(at);
  if (first < 0x80) return std::pair{static_cast<char32_t>(first), std::size_t{1}};
  const std::size_t length = first >= 0xf0 && first < 0xf5 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
  if (length == 0 || first >= 0xf5 || at + length > text.size()) return std::nullopt;
  char32_t character = first & (0x7fU >> length);
  for (std::size_t i = at + 1; i < at + length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return std::nullopt;
    character = (character << 6) | (byte(i) & 0x3fU);
  }
  const bool is_overlong = (length == 3 && character < 0x800) || (length == 4 && character < 0x10000);
  const bool is_surrogate = character >= 0xd800 && character <= 0xdfff;
  if (is_overlong || is_surrogate || character > 0x10ffff) return std::nullopt;
  return std::pair{character, length};
}

bool is_control(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x200e && c <= 0x200f) || (c >= 0x202a && c <= 0x202e);
}

std::size_t columns_of(char32_t c) {
  const int width = wcwidth(static_cast<wchar_t>(c));  // -1 where the locale does not know it
  return width < 0 ? 1 : static_cast<std::size_t>(width);
}

std::string escaped_byte(char c) {
  if (c == '\n') return "\\n";
  if (c == '\t') return "\\t";
  if (c == '\r') return "\\r";
  return absl::StrFormat("\\x%02x", static_cast<std::uint8_t>(c));
}

void pad(std::string& line, std::size_t blanks) {
  line.append(blanks, ' ');
}

std::string row_of(const std::vector<Column>& columns, const std::vector<std::size_t>& widths,
                   const std::vector<std::string>& cells) {
  std::string line;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const std::string cell = escape(cells[i]);
    const std::size_t width = display_width(cell);
    const std::size_t blanks = widths[i] > width ? widths[i] - width : 0;
    if (i > 0) pad(line, kGap);
    if (columns[i].align == Align::kRight) pad(line, blanks);
    line += cell;
    if (columns[i].align == Align::kLeft) pad(line, blanks);
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

std::vector<std::string> heads(const std::vector<Column>& columns) {
  std::vector<std::string> names;
  for (const Column& column : columns) names.push_back(column.name);
  return names;
}

std::string bold(const std::string& text, const PrintOptions& options) {
  return options.has_color ? absl::StrCat("\033[1m", text, "\033[0m") : text;
}

// The table without the columns that only -o wide shows.
Table visible(const Table& table, const PrintOptions& options) {
  if (options.form == OutputForm::kWide) return table;
  Table result{table.title, {}, std::vector<std::vector<std::string>>(table.rows.size())};
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (table.columns[i].is_wide) continue;
    result.columns.push_back(table.columns[i]);
    for (std::size_t r = 0; r < table.rows.size(); ++r) result.rows[r].push_back(table.rows[r][i]);
  }
  return result;
}

void write(const Table& table, const PrintOptions& options, std::ostream& out) {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    std::size_t width = options.has_headers ? display_width(table.columns[i].name) : 0;
    for (const auto& row : table.rows) width = std::max(width, display_width(row[i]));
    widths.push_back(width);
  }
  if (options.has_headers) out << bold(row_of(table.columns, widths, heads(table.columns)), options) << '\n';
  for (const auto& row : table.rows) out << row_of(table.columns, widths, row) << '\n';
}

void write(const KeyValues& block, std::ostream& out) {
  std::size_t width = 0;
  for (const auto& [key, value] : block.lines) width = std::max(width, display_width(key));
  for (const auto& [key, value] : block.lines) {
    std::string line = escape(key) + ":";
    pad(line, width - display_width(key) + kGap);
    line += escape(value);
    line.erase(line.find_last_not_of(' ') + 1);
    out << line << '\n';
  }
}

}  // namespace

std::string escape(const std::string& text) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const auto character = decode(text, at);
    if (character && !is_control(character->first)) {
      result.append(text, at, character->second);
      at += character->second;
    } else {
      const std::size_t length = character ? character->second : 1;
      for (std::size_t i = at; i < at + length; ++i) result += escaped_byte(text[i]);
      at += length;
    }
  }
  return result;
}

std::size_t display_width(const std::string& text) {
  const std::string shown = escape(text);
  std::size_t width = 0;
  for (std::size_t at = 0; at < shown.size();) {
    const auto character = decode(shown, at);  // escape() leaves nothing else
    width += columns_of(character->first);
    at += character->second;
  }
  return width;
}

void print_table(const View& view, const PrintOptions& options, std::ostream& out) {
  const auto tables = std::count_if(view.begin(), view.end(), [](const Block& block) { return block.index() == 1; });
  bool is_first = true;
  for (const Block& block : view) {
    if (!is_first) out << '\n';
    is_first = false;
    if (const auto* lines = std::get_if<KeyValues>(&block)) {
      write(*lines, out);
    } else if (const auto* table = std::get_if<Table>(&block)) {
      if (!table->title.empty() && tables > 1) out << bold(escape(table->title), options) << '\n';
      write(visible(*table, options), options, out);
    } else {
      out << std::get<Text>(block).text;
    }
  }
}

RowPrinter::RowPrinter(std::vector<Column> columns, const PrintOptions& options, std::ostream& out)
    : columns_(std::move(columns)), options_(options), out_(out) {
  for (const Column& column : columns_) widths_.push_back(options_.has_headers ? display_width(column.name) : 0);
}

void RowPrinter::row(const std::vector<std::string>& cells) {
  for (std::size_t i = 0; i < columns_.size(); ++i) widths_[i] = std::max(widths_[i], display_width(cells[i]));
  if (options_.has_headers && is_first_) out_ << bold(row_of(columns_, widths_, heads(columns_)), options_) << '\n';
  is_first_ = false;
  out_ << row_of(columns_, widths_, cells) << '\n';
}

}  // namespace novelo::cli
