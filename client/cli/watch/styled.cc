#include "client/cli/watch/styled.h"

#include <cstdlib>

#include "client/cli/table.h"

namespace sluice::cli {
namespace {

std::string_view escape(Style style, bool colours) {
  switch (style) {
    case Style::kPlain:
      return "";
    case Style::kBold:
      return "\x1b[1m";
    case Style::kDim:
      return colours ? "\x1b[90m" : "";
    case Style::kGood:
      return colours ? "\x1b[32m" : "";
    case Style::kWarning:
      return colours ? "\x1b[33m" : "";
    case Style::kBad:
      return colours ? "\x1b[31m" : "";
  }
  return "";
}

}  // namespace

StyledLine& StyledLine::add(std::string_view text, Style style) {
  columns_ += width(text);
  pieces_.push_back({std::string(text), style});
  return *this;
}

StyledLine& StyledLine::add_left(std::string_view text, std::size_t columns, Style style) {
  const std::string cut = one_line(text, columns);
  return add(cut, style).add(std::string(columns - width(cut), ' '));
}

StyledLine& StyledLine::add_right(std::string_view text, std::size_t columns, Style style) {
  const std::string cut = one_line(text, columns);
  return add(std::string(columns - width(cut), ' ')).add(cut, style);
}

std::string StyledLine::plain() const {
  std::string out;
  for (const Piece& piece : pieces_) out += piece.text;
  out.erase(out.find_last_not_of(' ') + 1);
  return out;
}

std::string StyledLine::text(std::size_t columns, bool colours) const {
  std::string out;
  std::size_t left = columns;
  for (const Piece& piece : pieces_) {
    const std::string cut = width(piece.text) > left ? one_line(piece.text, left) : piece.text;
    if (cut.empty()) continue;
    left -= width(cut);
    const std::string_view begin = escape(piece.style, colours);
    out += begin;
    out += cut;
    if (!begin.empty()) out += "\x1b[m";
  }
  return out;
}

bool colours_wanted() {
  const char* refusal = std::getenv("NO_COLOR");
  return refusal == nullptr || *refusal == '\0';
}

}  // namespace sluice::cli
