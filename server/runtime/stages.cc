#include "server/runtime/stages.h"

#include <vector>

namespace sluice::runtime {

Stages::Stages(Runtime& runtime, const base::Clock& clock, const handlers::Registry& handlers, boost::asio::io_context& io)
    : surroundings_{.runtime = runtime, .clock = clock, .handlers = handlers, .io = io} {}

void Stages::apply(const EngineTurn& turn) {
  std::vector<engine::StageChange> changes;
  while (!turn.effects.stage_changes.empty()) {
    changes.clear();
    changes.swap(turn.effects.stage_changes);
    for (const engine::StageChange& change : changes) apply(change, turn);
  }
}

void Stages::apply(const engine::StageChange& change, const EngineTurn& turn) {
  Name name{change.pipeline, change.spec.name};
  const auto found = pools_.find(name);
  if (change.deleted) {
    if (found == pools_.end()) return;
    found->second->forget(turn);
    pools_.erase(found);
    return;
  }
  if (found != pools_.end()) return found->second->set_wanted(change.wanted_workers, turn);
  if (change.wanted_workers == 0 || retired_) return;
  const auto pool = std::make_shared<StagePool>(surroundings_, change.pipeline, change.spec);
  pools_.emplace(std::move(name), pool);
  pool->set_wanted(change.wanted_workers, turn);
}

void Stages::retire(const EngineTurn& turn) {
  retired_ = true;
  for (const auto& [name, pool] : pools_) pool->retire(turn);
}

void Stages::give_up(const EngineTurn& turn) {
  retired_ = true;
  for (const auto& [name, pool] : pools_) pool->give_up(turn);
}

StageStatus Stages::status(std::string_view pipeline, std::string_view stage) const {
  const auto found = pools_.find(Name{pipeline, stage});
  return found == pools_.end() ? StageStatus{} : found->second->status();
}

}  // namespace sluice::runtime
