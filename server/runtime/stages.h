// The stages as the runtime sees them: a pool of workers each.
//
// Thread-safety: what takes a turn is called under the runtime's lock, and so is status(); the rest may be called by any
// thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "server/runtime/stage_pool.h"

namespace sluice::runtime {

class Stages {
 public:
  // All must outlive the stages.
  Stages(Runtime& runtime, const base::Clock& clock, const handlers::Registry& handlers, boost::asio::io_context& io);

  // Does what the turn's stage changes ask for, in their order, and what comes of that, until none is left.
  void apply(const EngineTurn& turn);
  // No stage takes any more items; what runs goes on.
  void retire(const EngineTurn& turn);
  // The same, and what runs is stopped, its items released.
  void give_up(const EngineTurn& turn);
  // Zeros for a stage that never had a worker.
  [[nodiscard]] StageStatus status(std::string_view pipeline, std::string_view stage) const;

  // Waits until the coroutine of every worker is over; false if `limit` comes first.
  [[nodiscard]] bool wait_until_over(base::Duration limit) { return surroundings_.headcount.wait_for_none(limit); }

 private:
  using Name = std::pair<std::string, std::string>;  // of the pipeline, of the stage

  void apply(const engine::StageChange& change, const EngineTurn& turn);

  StageSurroundings surroundings_;
  std::map<Name, std::shared_ptr<StagePool>> pools_;
  bool retired_ = false;
};

}  // namespace sluice::runtime
