// Conway's Game of Life: every cell of every generation is an item. The handlers are native ones of a server that somebody has
// made for them, out of the library that sluiced is made of.
#include "examples/game_of_life/game.h"
#include "tests/e2e/scenario.h"

namespace sluice::e2e {
namespace {

using life::Game;
using life::Grid;
using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

class LifeScenario : public Scenario {
 protected:
  void SetUp() override { start(); }
  [[nodiscard]] std::string program() const override { return LIFE_SERVER_BINARY; }

  static std::vector<std::string> frames(const Game& game, int generations) {
    Grid grid(
        "---*-----\n"
        "----*----\n"
        "--***----\n"
        "---------\n"
        "---------\n");
    std::vector<std::string> pictures;
    for (int i = 0; i < generations; ++i) {
      pictures.push_back(grid.picture());
      grid = game.next_generation(grid);
    }
    return pictures;
  }
};

const std::vector<std::string> kGlider = {
    "---*-----\n"
    "----*----\n"
    "--***----\n"
    "---------\n"
    "---------\n",

    "---------\n"
    "--*-*----\n"
    "---**----\n"
    "---*-----\n"
    "---------\n",

    "---------\n"
    "----*----\n"
    "--*-*----\n"
    "---**----\n"
    "---------\n",

    "---------\n"
    "---*-----\n"
    "----**---\n"
    "---**----\n"
    "---------\n",

    "---------\n"
    "----*----\n"
    "-----*---\n"
    "---***---\n"
    "---------\n",
};

TEST_F(LifeScenario, Scenario14_FiveGenerationsOfAGlider) {
  const Game game(connect(), Game::Phases::kOne);
  EXPECT_EQ(frames(game, 5), kGlider);
  const StageInfo stage = connect().pipeline("life").stages().at(0);
  EXPECT_EQ(stage.workers, 5U);
  EXPECT_EQ(stage.succeeded, 5U * 5 * 9);
}

TEST_F(LifeScenario, Scenario15_TheSameInTwoPhasesGivesTheSameFrames) {
  const Game game(connect(), Game::Phases::kTwo);
  EXPECT_EQ(frames(game, 5), kGlider);
  for (const StageInfo& stage : connect().pipeline("life").stages()) {
    EXPECT_EQ(stage.workers, 5U) << stage.spec.handler;
    EXPECT_EQ(stage.succeeded, 5U * 5 * 9) << stage.spec.handler;
  }
}

TEST_F(LifeScenario, Scenario16_AFailureNamesTheCellAndTheOthersAreUnharmed) {
  const Game game(connect(), Game::Phases::kTwo);
  Grid grid(5, 9);
  grid.set(2, 3, '?');
  EXPECT_THAT([&] { static_cast<void>(game.next_generation(grid)); },
              ThrowsMessage<std::runtime_error>(AllOf(HasSubstr("cell (2, 3)"), HasSubstr("'*' or '-', not '?'"))));
  const auto stages = connect().pipeline("life").stages();
  EXPECT_EQ(stages.at(1).failed, 1U);
  EXPECT_EQ(stages.at(1).succeeded, 44U);
  EXPECT_EQ(frames(game, 5), kGlider) << "the next game is a fresh one";
}

}  // namespace
}  // namespace sluice::e2e
