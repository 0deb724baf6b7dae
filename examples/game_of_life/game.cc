#include "examples/game_of_life/game.h"

#include <fmt/format.h>

#include <stdexcept>
#include <vector>

namespace life {
namespace {

constexpr std::uint32_t kWorkers = 5;

sluice::PipelineSpec spec_of(Game::Phases phases) {
  // A cell whose handler threw is not tried again, but kept for whoever asks.
  const sluice::QueueSettings settings = {.retry = {.max_attempts = 1}, .dead_letter_queue = "life/failed"};
  sluice::PipelineSpec spec;
  spec.name = "life";
  spec.queues = {{"life/cells", settings}, {"life/next", settings}, {"life/failed", {.dead_letter_queue = "-"}}};
  if (phases == Game::Phases::kOne) {
    spec.stages = {{.input = "life/cells", .output = "life/next", .handler = "life.step", .workers = kWorkers}};
  } else {
    spec.stages = {
        {.input = "life/cells", .output = "life/counted", .handler = "life.count_neighbours", .workers = kWorkers},
        {.input = "life/counted", .output = "life/next", .handler = "life.apply_rules", .workers = kWorkers},
    };
    spec.queues.push_back({"life/counted", settings});
  }
  return spec;
}

std::string place_of(const sluice::Item& cell) { return fmt::format("({}, {})", cell.attribute("y"), cell.attribute("x")); }

}  // namespace

Game::Game(const sluice::Client& client, Phases phases)
    : pipeline_(client.create_pipeline(spec_of(phases))),
      cells_(pipeline_.queue("life/cells")),
      next_(pipeline_.queue("life/next")),
      failed_(pipeline_.queue("life/failed")) {}

Game::~Game() {
  try {
    pipeline_.remove(/*force=*/true);
  } catch (const sluice::Error&) {
    // A destructor must not throw, and the server shows what is left.
  }
}

Grid Game::next_generation(const Grid& grid) const {
  std::vector<sluice::NewItem> squares;
  for (int y = 0; y < grid.height(); ++y) {
    for (int x = 0; x < grid.width(); ++x) {
      squares.push_back({.payload = grid.square(y, x), .attributes = {{"y", std::to_string(y)}, {"x", std::to_string(x)}}});
    }
  }
  cells_.put_all(squares);
  pipeline_.join();

  Grid next(grid.height(), grid.width());
  auto gathered = next_.get_batch(static_cast<std::uint32_t>(squares.size()), {.max_wait = sluice::Duration::zero()});
  for (const sluice::Item& cell : gathered.items) {
    next.set(std::stoi(cell.attribute("y")), std::stoi(cell.attribute("x")), cell.payload().at(0));
  }
  next_.done_all(gathered.items);
  if (auto cell = failed_.get({.max_wait = sluice::Duration::zero()})) {
    cell->done();
    failed_.purge();
    throw std::runtime_error(fmt::format("cell {}: {}", place_of(*cell), cell->last_failure()->message));
  }
  return next;
}

}  // namespace life
