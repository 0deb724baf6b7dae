// Random pipelines one after the other, and what is said of one that went wrong.
#include <fmt/format.h>

#include "tests/sim/flow.h"
#include "tests/sim/world.h"

namespace sluice::sim {

std::string Flow::picture() const {
  std::string text = "what is there now:\n";
  const auto view = engine_->pipeline(now_, "flow");
  for (const engine::StageView& stage : view->stages) {
    text += fmt::format("  stage {}: {} -> {}, state {}, {} of {} workers, {} wanted\n", stage.spec.name, stage.spec.input,
                        stage.spec.output, static_cast<int>(stage.state), stage.workers, stage.spec.workers,
                        wanted_.contains(stage.spec.name) ? wanted_.at(stage.spec.name) : 0);
  }
  for (const engine::QueueView& queue : view->queues) {
    text += fmt::format("  queue {}{}: {} of {} waiting, {} delayed, {} leased, {} puts wait, {} gets wait, attempts {}\n",
                        queue.name, queue.state == model::QueueState::kClosed ? " closed" : "", queue.waiting,
                        queue.settings.capacity, queue.delayed, queue.leased, queue.waiting_puts, queue.waiting_gets,
                        queue.settings.retry.max_attempts);
  }
  for (const Actor& actor : actors_) {
    text += fmt::format("  actor {} at {}: doing {}{}\n", actor.stage, actor.queue, static_cast<int>(actor.doing),
                        actor.ended ? ", told the end" : "");
  }
  return text;
}

FlowResult play(std::uint64_t seed, std::uint64_t steps, const FlowSabotage& sabotage) {
  FlowResult result;
  std::uint64_t done = 0;
  for (std::uint64_t round = 0; done < steps; ++round) {
    Flow flow(seed * 1'000'003 + round, sabotage);
    try {
      for (int i = 0; i < 300; ++i, ++done) flow.step();
      flow.wind_down();
    } catch (const Mismatch& mismatch) {
      result.failure = fmt::format("pipeline {}: {}\nreplay: sim --pipelines --seed {} --commands {}\nthe last commands:\n",
                                   round, mismatch.what(), seed, done + 1);
      for (const std::string& line : flow.log()) result.failure += line + "\n";
      result.failure += flow.picture();
      return result;
    }
    for (const auto& [outcome, count] : flow.outcomes()) result.outcomes[outcome] += count;
  }
  return result;
}

}  // namespace sluice::sim
