// Five generations of a glider. Needs life_server.
//
//   game_of_life [HOST:PORT [one|two]]
#include <exception>
#include <iostream>
#include <string_view>

#include "examples/game_of_life/game.h"

namespace {

constexpr std::string_view kGlider =
    "---*-----\n"
    "----*----\n"
    "--***----\n"
    "---------\n"
    "---------\n";

}  // namespace

int main(int argc, char** argv) try {
  const sluice::Client client(argc > 1 ? argv[1] : sluice::default_address());
  const bool two_phases = argc > 2 && std::string_view(argv[2]) == "two";
  const life::Game game(client, two_phases ? life::Game::Phases::kTwo : life::Game::Phases::kOne);

  life::Grid grid(kGlider);
  for (int generation = 0; generation < 5; ++generation) {
    std::cout << "generation " << generation << '\n' << grid.picture();
    grid = game.next_generation(grid);
  }
} catch (const std::exception& error) {
  std::cerr << "game_of_life: " << error.what() << '\n';
  return 1;
}
