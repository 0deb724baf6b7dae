#include "server/runtime/stage_pool.h"

#include <algorithm>
#include <utility>

#include <boost/asio/strand.hpp>

#include "server/runtime/stage_worker.h"
#include "server/runtime/timed_executor.h"

namespace sluice::runtime {

using engine::Effects;
using engine::Engine;

StagePool::StagePool(StageSurroundings& surroundings, std::string pipeline, model::StageSpec spec)
    : surroundings_(surroundings),
      pipeline_(std::move(pipeline)),
      spec_(std::move(spec)),
      handler_(surroundings.handlers.find(spec_.handler)) {}

StagePool::~StagePool() = default;

void StagePool::set_wanted(std::uint32_t wanted, const EngineTurn& turn) {
  if (retired_) return;
  wanted_ = wanted;
  balance(turn);
}

void StagePool::retire(const EngineTurn& turn) {
  set_wanted(0, turn);
  retired_ = true;
}

void StagePool::give_up(const EngineTurn& turn) {
  retire(turn);
  // Before any worker is told: it might end its work, and take the lease with it.
  const std::vector<model::LeaseId> leases = activity_.give_up();
  for (const auto& worker : workers_) {
    if (turn.engine.withdraw(turn.now, worker->delivery(), turn.effects)) worker->delivery().withdrawn();
    worker->stop();
  }
  for (const model::LeaseId lease : leases) {
    // Fails for an item that has just been completed, which is as well.
    turn.engine.release(turn.now, spec_.input, lease, turn.effects).IgnoreError();
  }
}

void StagePool::forget(const EngineTurn& turn) {
  forgotten_ = true;
  give_up(turn);
}

StageStatus StagePool::status() const {
  StageStatus status = activity_.status();
  status.workers = alive_;
  return status;
}

void StagePool::get_for(StageWorker& worker) {
  bool surplus = false;
  surroundings_.runtime.apply([&](Engine& engine, base::Time now, Effects& effects) {
    surplus = leaves_if_surplus(worker, {engine, now, effects});
    if (surplus) return;
    engine.get(now,
               {.queue = spec_.input,
                .lease_duration = base::Duration::max(),
                .stage = spec_.name,
                .pipeline = pipeline_,
                .watch = &worker},
               worker.intake(), effects);
  });
  if (surplus) worker.intake().withdrawn();
}

bool StagePool::leaves(StageWorker& worker) {
  bool surplus = false;
  surroundings_.runtime.apply([&](Engine& engine, base::Time now, Effects& effects) {
    surplus = leaves_if_surplus(worker, {engine, now, effects});
  });
  return surplus;
}

void StagePool::release(model::LeaseId lease) {
  surroundings_.runtime.apply([&](Engine& engine, base::Time now, Effects& effects) {
    engine.release(now, spec_.input, lease, effects).IgnoreError();
  });
}

void StagePool::ended(StageWorker& worker) {
  surroundings_.runtime.apply([&](Engine& engine, base::Time now, Effects& effects) {
    leave(worker, {engine, now, effects});
    std::erase_if(workers_, [&worker](const auto& each) { return each.get() == &worker; });
  });
  surroundings_.headcount.leave();
}

void StagePool::balance(const EngineTurn& turn) {
  while (alive_ < wanted_) hire(turn);
  for (const auto& worker : workers_) {
    if (alive_ <= wanted_) return;
    // Only the idle wait here; the others come to get_for() when they have ended their item.
    if (!turn.engine.withdraw(turn.now, worker->intake(), turn.effects)) continue;
    leave(*worker, turn);
    worker->intake().withdrawn();
  }
}

void StagePool::hire(const EngineTurn& turn) {
  auto worker = std::make_shared<StageWorker>(surroundings_.runtime, surroundings_.clock, shared_from_this(),
                                              boost::asio::make_strand(TimedExecutor(surroundings_.io.get_executor())));
  workers_.push_back(worker);
  ++alive_;
  surroundings_.headcount.enter();
  turn.engine.worker_started(turn.now, pipeline_, spec_.name, turn.effects);
  worker->start();
}

bool StagePool::leaves_if_surplus(StageWorker& worker, const EngineTurn& turn) {
  if (alive_ <= wanted_) return false;
  leave(worker, turn);
  return true;
}

void StagePool::leave(StageWorker& worker, const EngineTurn& turn) {
  if (!worker.alive) return;
  worker.alive = false;
  --alive_;
  if (!forgotten_) turn.engine.worker_stopped(turn.now, pipeline_, spec_.name, turn.effects);
}

}  // namespace sluice::runtime
