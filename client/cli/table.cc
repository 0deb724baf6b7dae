#include "client/cli/table.h"

#include <algorithm>

namespace sluice::cli {
namespace {

bool continues(unsigned char byte) { return (byte & 0xC0U) == 0x80U; }

// The bytes of the code point at the front, 0 if that is not UTF-8.
std::size_t code_point_bytes(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  std::size_t length = 0;
  if (first < 0x80U) {
    length = 1;
  } else if (first >= 0xC2U && first < 0xE0U) {
    length = 2;
  } else if (first >= 0xE0U && first < 0xF0U) {
    length = 3;
  } else if (first >= 0xF0U && first < 0xF5U) {
    length = 4;
  }
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!continues(static_cast<unsigned char>(text[i]))) return 0;
  }
  return length;
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20U || c == 0x7F; }

}  // namespace

std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !continues(static_cast<unsigned char>(c)); }));
}

std::string one_line(std::string_view text, std::size_t columns) {
  std::string out;
  std::size_t used = 0;
  while (!text.empty()) {
    const std::size_t bytes = code_point_bytes(text);
    const std::size_t taken = std::max<std::size_t>(bytes, 1);
    if (used == columns) {
      // What stands in the last three columns makes room for the dots.
      const std::size_t dots = std::min<std::size_t>(columns, 3);
      for (std::size_t i = 0; i < dots; ++i) {
        while (out.size() > 1 && continues(static_cast<unsigned char>(out.back()))) out.pop_back();
        out.pop_back();
      }
      return out.append(dots, '.');
    }
    if (bytes == 0) {
      out += '?';
    } else if (is_control(text.front())) {
      out += '.';
    } else {
      out.append(text.substr(0, bytes));
    }
    text.remove_prefix(taken);
    ++used;
  }
  return out;
}

Table::Table(std::vector<std::string> headers) {
  for (std::string& header : headers) {
    right_.push_back(header.starts_with('>'));
    if (right_.back()) header.erase(0, 1);
  }
  rows_.push_back(std::move(headers));
}

void Table::add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }

std::string Table::text() const {
  std::vector<std::size_t> widths(right_.size(), 0);
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  }
  std::string out;
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths[i] - width(row[i]), ' ');
      if (i > 0) line += "  ";
      line += right_[i] ? padding + row[i] : row[i] + padding;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + '\n';
  }
  return out;
}

}  // namespace sluice::cli
