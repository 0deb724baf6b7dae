// Text with styles, for terminals that may or may not have colours.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice::cli {

enum class Style { kPlain, kBold, kDim, kGood, kWarning, kBad };

// A line in pieces. What it is given must be free of control characters and in UTF-8, as one_line() makes it.
class StyledLine {
 public:
  StyledLine() = default;
  explicit StyledLine(std::string_view text, Style style = Style::kPlain) { add(text, style); }

  StyledLine& add(std::string_view text, Style style = Style::kPlain);
  // The same in a column: cut or filled with spaces to `columns`, the text to the left or right.
  StyledLine& add_left(std::string_view text, std::size_t columns, Style style = Style::kPlain);
  StyledLine& add_right(std::string_view text, std::size_t columns, Style style = Style::kPlain);

  [[nodiscard]] std::size_t columns() const { return columns_; }
  [[nodiscard]] std::string plain() const;
  // At most `columns` wide. Without `colours` only bold is left of the styles.
  [[nodiscard]] std::string text(std::size_t columns, bool colours) const;

 private:
  struct Piece {
    std::string text;
    Style style;
  };
  std::vector<Piece> pieces_;
  std::size_t columns_ = 0;
};

// True unless the environment's NO_COLOR says something.
[[nodiscard]] bool colours_wanted();

}  // namespace sluice::cli
