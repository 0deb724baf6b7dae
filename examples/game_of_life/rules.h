// The rules of the game, as pure functions from payload to payload: what the handlers in life_server.cc run.
#pragma once

#include <string>
#include <string_view>

namespace life {

// A square of nine cells -> its middle cell in the next generation.
[[nodiscard]] std::string step(std::string_view square);

// The same in two phases:
// A square of nine cells -> its middle cell and the number of its living neighbours, "*3".
[[nodiscard]] std::string count_neighbours(std::string_view square);
// A cell and the number of its living neighbours -> the cell in the next generation.
[[nodiscard]] std::string apply_rules(std::string_view counted);

// All three throw std::invalid_argument for a cell that is neither alive nor dead, and for what is no square.

}  // namespace life
