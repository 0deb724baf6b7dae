// What the Engine hides.
#pragma once

#include "server/engine/schedule.h"
#include "server/engine/settle.h"
#include "server/engine/tables.h"

namespace sluice::engine {

class Engine::State {
 public:
  explicit State(const EngineOptions& options) : tables(options) {}

  // Runs one command's body, then everything that follows from it.
  template <class Body>
  auto command(base::Time now, Effects& out, Body&& body) {
    Step step{tables, now, out};
    if constexpr (std::is_void_v<decltype(body(step))>) {
      body(step);
      settle(step);
    } else {
      auto result = body(step);
      settle(step);
      return result;
    }
  }

  // The same for a command on one queue, pipeline or stage, whose absence is the command's error.
  template <class Body>
  auto with_queue(base::Time now, std::string_view name, Effects& out, Body&& body) {
    return command(now, out, [&](Step& step) -> decltype(body(step, std::declval<Queue&>())) {
      auto queue = tables.queue(name);
      if (!queue.ok()) return queue.status();
      step.involve(**queue);
      return body(step, **queue);
    });
  }
  template <class Body>
  auto with_pipeline(base::Time now, std::string_view name, Effects& out, Body&& body) {
    return command(now, out, [&](Step& step) -> decltype(body(step, std::declval<Pipeline&>())) {
      auto pipeline = tables.pipeline(name);
      if (!pipeline.ok()) return pipeline.status();
      return body(step, **pipeline);
    });
  }
  template <class Body>
  absl::Status with_stage(base::Time now, std::string_view pipeline, std::string_view stage, Effects& out, Body&& body) {
    return with_pipeline(now, pipeline, out, [&](Step& step, Pipeline& found) -> absl::Status {
      Stage* wanted = found.find(stage);
      if (wanted == nullptr) return no_stage(pipeline, stage);
      body(step, *wanted);
      return absl::OkStatus();
    });
  }
  template <class Body>
  absl::Status with_schedule(base::Time now, std::string_view name, Effects& out, Body&& body) {
    return command(now, out, [&](Step& step) -> absl::Status {
      const auto found = tables.schedules.find(name);
      return found == tables.schedules.end() ? no_schedule(name) : body(step, *found->second);
    });
  }
  // The same for a command on a leased item, whose absence is LEASE_LOST.
  template <class Body>
  auto with_lease(base::Time now, std::string_view queue, model::LeaseId lease, Effects& out, Body&& body) {
    return with_queue(now, queue, out, [&](Step& step, Queue&) -> decltype(body(step, std::declval<Item&>())) {
      Item* item = tables.find_leased(queue, lease);
      if (item == nullptr) return lease_lost(queue, lease);
      return body(step, *item);
    });
  }

  static absl::Status no_stage(std::string_view pipeline, std::string_view stage);
  static absl::Status lease_lost(std::string_view queue, model::LeaseId lease);

  Tables tables;
};

}  // namespace sluice::engine
