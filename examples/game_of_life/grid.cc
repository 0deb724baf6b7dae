#include "examples/game_of_life/grid.h"

#include <algorithm>

namespace life {

Grid::Grid(int height, int width)
    : height_(height), width_(width), cells_(static_cast<std::size_t>(height) * static_cast<std::size_t>(width), kDead) {}

Grid::Grid(std::string_view picture)
    : height_(static_cast<int>(std::ranges::count(picture, '\n'))),
      width_(static_cast<int>(picture.find('\n'))),
      cells_(picture) {
  std::erase(cells_, '\n');
}

std::size_t Grid::index(int y, int x) const {
  const int row = (y + height_) % height_;
  const int column = (x + width_) % width_;
  return static_cast<std::size_t>(row) * static_cast<std::size_t>(width_) + static_cast<std::size_t>(column);
}

std::string Grid::square(int y, int x) const {
  std::string cells;
  for (const int row : {y - 1, y, y + 1}) {
    for (const int column : {x - 1, x, x + 1}) cells += cell(row, column);
  }
  return cells;
}

std::string Grid::picture() const {
  std::string rows;
  for (int y = 0; y < height_; ++y) {
    for (int x = 0; x < width_; ++x) rows += cell(y, x);
    rows += '\n';
  }
  return rows;
}

}  // namespace life
