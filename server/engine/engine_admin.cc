// Commands on queues, pipelines and stages, and looking at them.
#include <fmt/format.h>

#include "server/base/counted.h"
#include "server/engine/engine.h"
#include "server/engine/flow.h"
#include "server/engine/life.h"
#include "server/engine/look.h"
#include "server/engine/state.h"
#include "server/engine/transfer.h"

namespace sluice::engine {

using base::Reason;
using base::Time;

namespace {

absl::Status check_dead_letter_queue(std::string_view queue, const model::QueueSettings& settings) {
  if (settings.dead_letter_queue != queue) return absl::OkStatus();
  return base::error(
      Reason::kInvalidValue,
      fmt::format("queue \"{}\" cannot be its own dead-letter queue; name another one, or \"-\" for none", queue));
}

absl::Status check_durability(const Queue& queue, const model::QueueSettings& settings) {
  if (settings.durability == queue.settings.durability || queue.unfinished() == 0) return absl::OkStatus();
  return base::error(Reason::kQueueNotEmpty,
                     fmt::format("queue \"{}\" has {}, and its durability can be changed only while it has none; "
                                 "join or purge it first",
                                 queue.name, base::counted(queue.unfinished(), "unfinished item")));
}

// What the journal is to have of an empty queue from now on, besides the queue itself.
void record_change_of_durability(Step& step, const Queue& queue) {
  if (queue.is_kept()) {
    step.record(queue.counters_record());
    queue.requests.record_all(queue.id, step.out.records);
    if (queue.producers) queue.producers->record_all(queue.id, step.out.records);
    if (queue.keys) queue.keys->seen.record_all(queue.id, step.out.records);
  } else {
    step.record(model::CountersRecord{queue.id, {}, 0});
    queue.requests.record_end_of_all(queue.id, step.out.records);
    if (queue.producers) queue.producers->record_end_of_all(queue.id, step.out.records);
    if (queue.keys) queue.keys->seen.record_end_of_all(queue.id, step.out.records);
  }
}

absl::Status stage_remote(const Stage& stage) {
  return base::error(Reason::kStageRemote,
                     fmt::format("stage \"{0}\" of pipeline \"{1}\" has no handler, so the server cannot run workers for it; "
                                 "attach some: sluice work --stage {1}/{0} -- COMMAND",
                                 stage.spec.name, stage.pipeline->name));
}

absl::Status in_use(const Queue& queue) {
  const Stage& stage = queue.readers.empty() ? *queue.feeders.front() : *queue.readers.front();
  return base::error(Reason::kQueueInUse, fmt::format("stage \"{}\" of pipeline \"{}\" uses queue \"{}\"; delete the pipeline",
                                                      stage.spec.name, stage.pipeline->name, queue.name));
}

}  // namespace

absl::Status Engine::create_queue(Time now, const model::QueueSpec& spec, bool allow_existing, Effects& out) {
  return state_->command(now, out, [&](Step& step) -> absl::Status {
    if (step.tables.find_queue(spec.name) != nullptr) {
      if (allow_existing) return absl::OkStatus();
      return base::error(Reason::kQueueExists, fmt::format("queue \"{}\" exists already", spec.name));
    }
    if (step.tables.queues.size() >= step.tables.options.max_queues) {
      return base::error(Reason::kLimitReached, fmt::format("there are {} queues already, the most that the server allows",
                                                            step.tables.options.max_queues));
    }
    const auto settings = spec.initial_settings();
    if (auto status = check_dead_letter_queue(spec.name, settings); !status.ok()) return status;
    engine::create_queue(step, spec.name, settings, {});
    return absl::OkStatus();
  });
}

absl::Status Engine::update_queue(Time now, std::string_view name, const model::QueueSettingsPatch& patch, Effects& out) {
  return state_->with_queue(now, name, out, [&](Step& step, Queue& queue) -> absl::Status {
    const auto settings = patch.applied_to(queue.settings);
    if (settings.order != queue.settings.order) {
      return base::error(Reason::kSettingImmutable,
                         fmt::format("the order of queue \"{}\" is fixed since its creation; create another queue", name));
    }
    if (auto status = check_dead_letter_queue(name, settings); !status.ok()) return status;
    if (auto status = check_durability(queue, settings); !status.ok()) return status;
    const bool was_kept = queue.is_kept();
    step.tables.dead_letter_queues.remove(queue.settings);
    step.tables.dead_letter_queues.add(settings);
    queue.settings = settings;
    queue.recount_last_attempts();
    refuse_too_large(step, queue);
    step.record(queue.record());
    if (queue.is_kept() != was_kept) record_change_of_durability(step, queue);
    step.touch(queue);
    return absl::OkStatus();
  });
}

absl::StatusOr<std::uint64_t> Engine::delete_queue(Time now, std::string_view name, bool force, Effects& out) {
  return state_->with_queue(now, name, out, [&](Step& step, Queue& queue) -> absl::StatusOr<std::uint64_t> {
    if (!queue.readers.empty() || !queue.feeders.empty()) return in_use(queue);
    if (!force && queue.unfinished() > 0) {
      return base::error(Reason::kQueueNotEmpty,
                         fmt::format("queue \"{}\" has {}; join or purge it first, or delete it with force", name,
                                     base::counted(queue.unfinished(), "unfinished item")));
    }
    return remove_queue(step, queue);
  });
}

absl::Status Engine::close_queue(Time now, std::string_view name, bool immediate, Effects& out) {
  return state_->with_queue(now, name, out, [&](Step& step, Queue& queue) -> absl::Status {
    close(step, queue, immediate);
    return absl::OkStatus();
  });
}

namespace {

absl::Status set_paused(Step& step, Queue& queue, bool paused) {
  if (queue.paused == paused) return absl::OkStatus();
  queue.paused = paused;
  step.record(queue.record());
  step.touch(queue);
  return absl::OkStatus();
}

}  // namespace

absl::Status Engine::pause_queue(Time now, std::string_view name, Effects& out) {
  return state_->with_queue(now, name, out, [&](Step& step, Queue& queue) { return set_paused(step, queue, true); });
}

absl::Status Engine::resume_queue(Time now, std::string_view name, Effects& out) {
  return state_->with_queue(now, name, out, [&](Step& step, Queue& queue) { return set_paused(step, queue, false); });
}

absl::StatusOr<std::uint64_t> Engine::purge_queue(Time now, std::string_view name, Effects& out) {
  return state_->with_queue(
      now, name, out, [&](Step& step, Queue& queue) -> absl::StatusOr<std::uint64_t> { return discard_depth(step, queue); });
}

absl::Status Engine::create_pipeline(Time now, const model::PipelineSpec& spec, Effects& out) {
  return state_->command(now, out, [&](Step& step) { return engine::create_pipeline(step, spec); });
}

absl::StatusOr<std::uint64_t> Engine::delete_pipeline(Time now, std::string_view name, bool force, Effects& out) {
  return state_->with_pipeline(now, name, out,
                               [&](Step& step, Pipeline& pipeline) { return engine::delete_pipeline(step, pipeline, force); });
}

absl::Status Engine::close_pipeline(Time now, std::string_view name, bool immediate, Effects& out) {
  return state_->with_pipeline(now, name, out, [&](Step& step, Pipeline& pipeline) -> absl::Status {
    close(step, pipeline, immediate);
    return absl::OkStatus();
  });
}

absl::Status Engine::scale_stage(Time now, std::string_view pipeline, std::string_view stage, std::uint32_t workers,
                                 Effects& out) {
  return state_->with_pipeline(now, pipeline, out, [&](Step& step, Pipeline& found) -> absl::Status {
    Stage* wanted = found.find(stage);
    if (wanted == nullptr) return State::no_stage(pipeline, stage);
    if (wanted->spec.remote() && workers > 0) return stage_remote(*wanted);
    set_stage(step, *wanted, wanted->state, workers);
    return absl::OkStatus();
  });
}

absl::Status Engine::pause_stage(Time now, std::string_view pipeline, std::string_view stage, Effects& out) {
  return state_->with_stage(now, pipeline, stage, out, [&](Step& step, Stage& found) {
    if (found.open()) set_stage(step, found, model::StageState::kPaused, found.spec.workers);
  });
}

absl::Status Engine::resume_stage(Time now, std::string_view pipeline, std::string_view stage, Effects& out) {
  return state_->with_stage(now, pipeline, stage, out, [&](Step& step, Stage& found) {
    if (found.open()) set_stage(step, found, model::StageState::kRunning, found.spec.workers);
  });
}

void Engine::worker_started(Time now, std::string_view pipeline, std::string_view stage, Effects& out) {
  // Unknown stages are ignored, as engine.h says.
  state_
      ->with_stage(now, pipeline, stage, out,
                   [&](Step& step, Stage& found) {
                     ++found.workers;
                     step.touch(*found.input);
                   })
      .IgnoreError();
}

void Engine::worker_stopped(Time now, std::string_view pipeline, std::string_view stage, Effects& out) {
  state_
      ->with_stage(now, pipeline, stage, out,
                   [&](Step& step, Stage& found) {
                     if (found.workers > 0) --found.workers;
                     step.touch(*found.input);
                   })
      .IgnoreError();
}

absl::StatusOr<QueueView> Engine::queue(Time now, std::string_view name) const {
  auto found = state_->tables.queue(name);
  if (!found.ok()) return found.status();
  return view_of(state_->tables, now, **found);
}

std::vector<QueueView> Engine::list_queues(Time now, std::string_view prefix, std::string_view after, std::size_t limit) const {
  std::vector<QueueView> views;
  const auto& queues = state_->tables.queues;
  auto next = after < prefix ? queues.lower_bound(prefix) : queues.upper_bound(after);
  for (; next != queues.end() && views.size() < limit && next->first.starts_with(prefix); ++next) {
    views.push_back(view_of(state_->tables, now, *next->second));
  }
  return views;
}

absl::StatusOr<PipelineView> Engine::pipeline(Time now, std::string_view name) const {
  auto found = state_->tables.pipeline(name);
  if (!found.ok()) return found.status();
  return view_of(state_->tables, now, **found);
}

std::vector<PipelineView> Engine::list_pipelines(Time now, std::string_view after, std::size_t limit) const {
  std::vector<PipelineView> views;
  const auto& pipelines = state_->tables.pipelines;
  for (auto next = pipelines.upper_bound(after); next != pipelines.end() && views.size() < limit; ++next) {
    views.push_back(view_of(state_->tables, now, *next->second));
  }
  return views;
}

}  // namespace sluice::engine
