// A grid of cells, each '*' (alive) or '-' (dead). It has no edges: what leaves it on one side comes back on the other.
#pragma once

#include <string>
#include <string_view>

namespace life {

inline constexpr char kAlive = '*';
inline constexpr char kDead = '-';

class Grid {
 public:
  // All dead.
  Grid(int height, int width);
  // Rows of cells, each with a line feed at its end.
  explicit Grid(std::string_view picture);

  [[nodiscard]] int height() const { return height_; }
  [[nodiscard]] int width() const { return width_; }
  [[nodiscard]] char cell(int y, int x) const { return cells_[index(y, x)]; }
  void set(int y, int x, char cell) { cells_[index(y, x)] = cell; }

  // The cell in the middle of its eight neighbours, row by row: nine characters.
  [[nodiscard]] std::string square(int y, int x) const;
  // Rows of cells, as the constructor takes them.
  [[nodiscard]] std::string picture() const;

 private:
  [[nodiscard]] std::size_t index(int y, int x) const;

  int height_;
  int width_;
  std::string cells_;
};

}  // namespace life
