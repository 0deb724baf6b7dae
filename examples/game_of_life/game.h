// Conway's Game of Life on a server: every cell of every generation is an item. Putting the cells fans the work out, joining
// the pipeline fans it in.
#pragma once

#include "examples/game_of_life/grid.h"
#include "sluice/sluice.h"

namespace life {

// A pipeline on a server that has the handlers of life_server.cc. Removed at the end.
class Game {
 public:
  enum class Phases {
    kOne,  // life.step
    kTwo,  // life.count_neighbours, then life.apply_rules
  };

  Game(const sluice::Client& client, Phases phases);
  ~Game();
  Game(const Game&) = delete;
  Game& operator=(const Game&) = delete;

  // The generation after `grid`. Throws std::runtime_error, which names the cell and says what its handler threw, if one
  // failed.
  [[nodiscard]] Grid next_generation(const Grid& grid) const;

 private:
  sluice::Pipeline pipeline_;
  sluice::Queue cells_;   // squares of cells
  sluice::Queue next_;    // cells of the next generation
  sluice::Queue failed_;  // squares whose handler threw
};

}  // namespace life
