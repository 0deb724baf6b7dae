#include "examples/game_of_life/rules.h"

#include <algorithm>
#include <stdexcept>

#include "examples/game_of_life/grid.h"

namespace life {
namespace {

constexpr std::size_t kMiddle = 4;

}  // namespace

std::string count_neighbours(std::string_view square) {
  if (square.size() != 9) throw std::invalid_argument("a square has nine cells, not " + std::to_string(square.size()));
  const char cell = square[kMiddle];
  const auto living = std::ranges::count(square, kAlive) - (cell == kAlive ? 1 : 0);
  return cell + std::to_string(living);
}

std::string apply_rules(std::string_view counted) {
  const char cell = counted.at(0);
  const char neighbours = counted.at(1);
  if (cell != kAlive && cell != kDead) throw std::invalid_argument(std::string("a cell is '*' or '-', not '") + cell + "'");
  const bool alive = neighbours == '3' || (neighbours == '2' && cell == kAlive);
  return {alive ? kAlive : kDead};
}

std::string step(std::string_view square) { return apply_rules(count_neighbours(square)); }

}  // namespace life
