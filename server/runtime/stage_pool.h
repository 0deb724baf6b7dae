// The workers of one stage: as many as are wanted.
//
// The engine says how many it wants. Missing ones are started at once; of surplus ones the idle leave at once, and the busy
// when they have ended their item. Each is reported to the engine when it is started and when it leaves.
//
// Thread-safety: what takes a turn is called under the runtime's lock; the rest may be called by any thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "server/handlers/registry.h"
#include "server/runtime/engine_turn.h"
#include "server/runtime/headcount.h"
#include "server/runtime/runtime.h"
#include "server/runtime/stage_activity.h"

namespace sluice::runtime {

class StageWorker;

// What all pools share. Outlives them.
struct StageSurroundings {
  Runtime& runtime;
  const base::Clock& clock;
  const handlers::Registry& handlers;
  boost::asio::io_context& io;
  Headcount headcount;  // coroutines of workers, of all stages
};

class StagePool final : public std::enable_shared_from_this<StagePool> {
 public:
  StagePool(StageSurroundings& surroundings, std::string pipeline, model::StageSpec spec);
  ~StagePool();

  void set_wanted(std::uint32_t wanted, const EngineTurn& turn);
  // From now on no worker is wanted, whatever set_wanted() says.
  void retire(const EngineTurn& turn);
  // The same, and what still runs is stopped, its items released.
  void give_up(const EngineTurn& turn);
  // The engine has forgotten the stage, and a later one of the same name is none of this pool's business.
  void forget(const EngineTurn& turn);
  // Also under the lock.
  [[nodiscard]] StageStatus status() const;

  // For the workers.
  // Asks the engine for an item on the worker's behalf, unless the worker is surplus: then it leaves and its wait ends.
  void get_for(StageWorker& worker);
  // The worker leaves if it is surplus: then true, and it takes no item any more.
  bool leaves(StageWorker& worker);
  void release(model::LeaseId lease);
  // The worker's coroutine is over.
  void ended(StageWorker& worker);
  [[nodiscard]] StageActivity& activity() { return activity_; }
  [[nodiscard]] const std::string& pipeline() const { return pipeline_; }
  // The number of workers in it is the first that was wanted.
  [[nodiscard]] const model::StageSpec& spec() const { return spec_; }
  // Null if there is none of that name.
  [[nodiscard]] const std::shared_ptr<handlers::Handler>& handler() const { return handler_; }

 private:
  void balance(const EngineTurn& turn);
  void hire(const EngineTurn& turn);
  bool leaves_if_surplus(StageWorker& worker, const EngineTurn& turn);
  void leave(StageWorker& worker, const EngineTurn& turn);

  StageSurroundings& surroundings_;
  const std::string pipeline_;
  const model::StageSpec spec_;
  const std::shared_ptr<handlers::Handler> handler_;
  StageActivity activity_;

  // Guarded by the runtime's lock.
  std::vector<std::shared_ptr<StageWorker>> workers_;  // whose coroutine is not over
  std::uint32_t alive_ = 0;                            // of them, those that have not left
  std::uint32_t wanted_ = 0;
  bool retired_ = false;
  bool forgotten_ = false;
};

}  // namespace sluice::runtime
