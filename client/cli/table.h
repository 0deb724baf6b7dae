// Text in columns.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice::cli {

// Columns as wide as their widest cell, two spaces between them; numbers to the right. No state beyond its rows.
class Table {
 public:
  // A header that begins with '>' is one of a column that is set to the right.
  explicit Table(std::vector<std::string> headers);

  // As many cells as there are headers.
  void add(std::vector<std::string> cells);
  // The header and all rows, each with a newline.
  [[nodiscard]] std::string text() const;

 private:
  std::vector<bool> right_;
  std::vector<std::vector<std::string>> rows_;
};

// The number of columns that a terminal needs for UTF-8 text (every code point counts as one).
[[nodiscard]] std::size_t width(std::string_view text);

// At most `columns` wide, on one line: control characters as '.', bytes that are not UTF-8 as '?', "..." at the end if
// something was cut.
[[nodiscard]] std::string one_line(std::string_view text, std::size_t columns);

}  // namespace sluice::cli
