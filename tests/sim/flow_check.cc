// What must hold of a pipeline after every command.
#include <fmt/format.h>

#include <algorithm>

#include "tests/sim/flow.h"
#include "tests/sim/world.h"

namespace sluice::sim {

using model::StageState;

void Flow::check() {
  if (!store_.complaints().empty()) throw Mismatch("records: " + store_.complaints().front());
  const auto pipeline = engine_->pipeline(now_, "flow");
  if (!pipeline.ok()) throw Mismatch("the pipeline is gone");
  find_buried();
  find_expired();
  check_jobs();
  check_items();
  for (const engine::QueueView& queue : pipeline->queues) check_counters(queue);
  check_stages(*pipeline);
  check_remote_workers(*pipeline);
  check_gates(*pipeline);
  check_joins(*pipeline);
}

// Each item that is alive is in exactly one queue: the one that it was put into or that one's dead-letter queue.
void Flow::check_items() {
  std::size_t seen = 0;
  for (const engine::QueueView& queue : engine_->list_queues(now_, "", "", 1'000)) {
    const auto items = engine_->peek(queue.name, std::nullopt, 0, 100'000);
    for (const engine::PeekedItem& item : *items) {
      ++seen;
      const auto put = alive_.find(item.body->payload);
      const auto job = job_of_.find(item.body->payload);
      if (number(item.job) != (job == job_of_.end() ? 0 : job->second)) {
        throw Mismatch(fmt::format("{} is of job {}", item.body->payload, number(item.job)));
      }
      if (put == alive_.end()) throw Mismatch(fmt::format("{} is in {}, though it was ended", item.body->payload, queue.name));
      if (queue.name != put->second && queue.name != put->second + ".dead") {
        throw Mismatch(fmt::format("{} is in {}, though it was put into {}", item.body->payload, queue.name, put->second));
      }
    }
    if (items->size() != queue.unfinished()) throw Mismatch(fmt::format("{}: unfinished is not what is there", queue.name));
  }
  // None twice, as a payload that is in two queues would be in a wrong one or counted twice.
  if (seen != alive_.size()) throw Mismatch(fmt::format("{} items are there, {} must be", seen, alive_.size()));
  if (store_.items().size() != alive_.size()) throw Mismatch("the records hold another number of items");
}

void Flow::check_counters(const engine::QueueView& view) {
  const auto& counters = view.counters;
  if (counters.put != puts_[view.name] || counters.done != dones_[view.name]) {
    throw Mismatch(fmt::format("{}: {} put, {} done; {} and {} were answered so", view.name, counters.put, counters.done,
                               puts_[view.name], dones_[view.name]));
  }
  const std::uint64_t ended = counters.ended();
  if (counters.put != ended + view.unfinished()) throw Mismatch(fmt::format("{}: items are lost or made up", view.name));
  const std::uint64_t in_flight = actors_.size() + 20;
  const std::uint32_t capacity = view.settings.capacity;
  if (capacity != 0 && view.waiting + view.delayed > capacity + in_flight) {
    throw Mismatch(fmt::format("{}: deeper than its capacity and what was in flight", view.name));
  }
}

void Flow::check_stages(const engine::PipelineView& view) {
  const auto queue_of = [&](const std::string& name) {
    return *std::ranges::find(view.queues, name, &engine::QueueView::name);
  };
  const auto is_finished = [&](const model::StageSpec* spec) {
    const auto stage = std::ranges::find_if(view.stages, [&](const auto& each) { return each.spec.name == spec->name; });
    return stage->state == StageState::kFinished;
  };
  bool all = true;
  for (const engine::StageView& stage : view.stages) {
    const engine::QueueView input = queue_of(stage.spec.input);
    const bool finished = stage.state == StageState::kFinished;
    all = all && finished;
    const bool drained = input.state == model::QueueState::kClosed && input.unfinished() == 0;
    if (finished != (drained && stage.workers == 0)) {
      throw Mismatch(fmt::format("stage {} is {}, with {} workers and {} unfinished in its {} input", stage.spec.name,
                                 finished ? "finished" : "not finished", stage.workers, input.unfinished(),
                                 input.state == model::QueueState::kClosed ? "closed" : "open"));
    }
    const bool idle = finished || stage.state == StageState::kPaused;
    if (wanted_[stage.spec.name] != (idle ? 0 : stage.spec.workers)) {
      throw Mismatch(fmt::format("stage {} wants {} workers", stage.spec.name, wanted_[stage.spec.name]));
    }
  }
  for (const engine::QueueView& queue : view.queues) {
    const auto feeding = feeders(queue.name);
    if (feeding.empty()) continue;
    const bool closed = queue.state == model::QueueState::kClosed;
    if (closed != std::ranges::all_of(feeding, is_finished)) {
      throw Mismatch(fmt::format("{} is {}, which its feeding stages are not", queue.name, closed ? "closed" : "open"));
    }
  }
  if (view.finished != all) throw Mismatch("finished is not when every stage is");
}

void Flow::check_remote_workers(const engine::PipelineView& view) {
  std::map<std::string, std::uint64_t> attached;
  std::map<std::string, std::uint64_t> held;
  for (const engine::WorkerView& worker : engine_->list_workers("flow", "", {}, 1'000)) {
    const auto actor = std::ranges::find(actors_, worker.id, &Actor::remote);
    // One that was just attached, or has just gone, and is not yet or no more on the list of the simulation.
    if (actor == actors_.end()) {
      ++attached[worker.stage];
      continue;
    }
    const auto stage = std::ranges::find_if(view.stages, [&](const auto& each) { return each.spec.name == actor->stage; });
    const bool finished = stage->state == StageState::kFinished;
    if (actor->ended && !finished) throw Mismatch("a remote worker was told an end that has not come");
    if (actor->doing == Actor::Doing::kGetting && finished) throw Mismatch("a remote worker waits at a finished stage");
    const bool holds = actor->doing == Actor::Doing::kHolding || actor->doing == Actor::Doing::kCompleting;
    const bool held_still = holds && engine_->is_leased(actor->item.lease) && !makes(FlowMistake::kRemoteWorkersHoldNothing);
    const std::uint64_t items = held_still ? 1 : 0;
    if (worker.in_flight != items) {
      throw Mismatch(fmt::format("a remote worker holds {}, and is listed with {}", items, worker.in_flight));
    }
    ++attached[worker.stage];
    held[worker.stage] += items;
  }
  for (const engine::StageView& stage : view.stages) {
    if (stage.remote_workers != attached[stage.spec.name] || stage.remote_items != held[stage.spec.name]) {
      throw Mismatch(fmt::format("stage {} has {} remote workers with {} items; {} with {} are listed", stage.spec.name,
                                 stage.remote_workers, stage.remote_items, attached[stage.spec.name], held[stage.spec.name]));
    }
  }
}

bool Flow::all_entries_closed(const engine::PipelineView& view) const {
  return std::ranges::all_of(entries_, [&](const std::string& name) {
    return std::ranges::find(view.queues, name, &engine::QueueView::name)->state == model::QueueState::kClosed;
  });
}

bool Flow::nothing_to_wait_for(const engine::PipelineView& view) const {
  std::uint64_t unfinished = 0;
  for (const engine::QueueView& queue : view.queues) {
    if (is_read(queue.name)) unfinished += queue.unfinished();
  }
  if (unfinished != view.unfinished) throw Mismatch("unfinished of the pipeline is not the sum of what its stages read");
  return unfinished == 0 && (!all_entries_closed(view) || view.finished);
}

void Flow::check_joins(const engine::PipelineView& view) {
  const bool nothing = nothing_to_wait_for(view);
  for (const Actor& actor : actors_) {
    if (actor.doing == Actor::Doing::kJoining && nothing) throw Mismatch("nothing is left to wait for, and a join waits");
    // Answered by this command: there must have been nothing left then, or nothing left in between.
    const bool ended = actor.stage == "joiner" && actor.doing == Actor::Doing::kNothing;
    if (ended && !nothing && view.idle_count == idle_count_) throw Mismatch("a join ended though there is work left");
  }
  if (view.idle_count < idle_count_) throw Mismatch("idle_count goes back");
  idle_count_ = view.idle_count;
  actors_.remove_if([](const Actor& actor) { return actor.stage == "joiner" && actor.doing == Actor::Doing::kNothing; });
}

}  // namespace sluice::sim
