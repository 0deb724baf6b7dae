#include "server/engine/flow.h"

#include <fmt/format.h>

#include <algorithm>

#include "server/base/counted.h"
#include "server/engine/delivery.h"
#include "server/engine/gate.h"
#include "server/engine/joins.h"
#include "server/engine/life.h"
#include "server/engine/limit.h"
#include "server/engine/transfer.h"
#include "server/engine/workers.h"

namespace sluice::engine {
namespace {

using base::Reason;
using model::StageState;

// The settings that a queue of the pipeline is listed with; null if it is only named by stages.
const model::QueueSpec* listed(const model::PipelineSpec& spec, std::string_view queue) {
  const auto found = std::ranges::find(spec.queues, queue, &model::QueueSpec::name);
  return found == spec.queues.end() ? nullptr : &*found;
}

std::vector<std::string> queue_names(const model::PipelineSpec& spec) {
  std::vector<std::string> names;
  const auto add = [&](const std::string& name) {
    if (!name.empty() && std::ranges::find(names, name) == names.end()) names.push_back(name);
  };
  for (const auto& stage : spec.stages) {
    add(stage.input);
    add(stage.output);
  }
  // A dead-letter queue is named by no stage.
  for (const auto& queue : spec.queues) add(queue.name);
  return names;
}

absl::Status check_queues(const Step& step, const model::PipelineSpec& spec, const std::vector<std::string>& names) {
  std::size_t missing = 0;
  for (const auto& name : names) {
    const Queue* queue = step.tables.find_queue(name);
    const model::QueueSpec* wanted = listed(spec, name);
    if (queue == nullptr) ++missing;
    if (queue == nullptr || wanted == nullptr || wanted->settings.applied_to(queue->settings) == queue->settings) continue;
    return base::error(Reason::kQueueExists,
                       fmt::format("queue \"{}\" exists already with other settings than pipeline \"{}\" lists for it; leave "
                                   "it out of the list to use it as it is, or take another name",
                                   name, spec.name));
  }
  if (step.tables.queues.size() + missing <= step.tables.options.max_queues) return absl::OkStatus();
  return base::error(Reason::kLimitReached, fmt::format("there would be more than {} queues", step.tables.options.max_queues));
}

void attach(std::vector<Stage*>& stages, Stage& stage) { stages.push_back(&stage); }
void detach(std::vector<Stage*>& stages, Stage& stage) { std::erase(stages, &stage); }

// Queues that go with the pipeline: it created them, and nobody else uses them.
std::vector<Queue*> own_queues(const Pipeline& pipeline) {
  std::vector<Queue*> own = pipeline.queues();
  const auto foreign = [&](const Stage* stage) { return stage->pipeline != &pipeline; };
  std::erase_if(own, [&](const Queue* queue) {
    return queue->pipeline != pipeline.name || std::ranges::any_of(queue->readers, foreign) ||
           std::ranges::any_of(queue->feeders, foreign);
  });
  return own;
}

}  // namespace

Queue& create_queue(Step& step, std::string_view name, const model::QueueSettings& settings, std::string_view pipeline) {
  auto created = std::make_unique<Queue>(step.new_queue_id(), std::string(name), settings, step.now);
  Queue& queue = *created;
  queue.pipeline = pipeline;
  step.tables.dead_letter_queues.add(settings);
  step.tables.queues_by_id.emplace(model::number(queue.id), &queue);
  step.tables.queues.emplace(name, std::move(created));
  step.record(queue.record());
  queue.recorded_in = step.out.turn;
  return queue;
}

std::uint64_t remove_queue(Step& step, Queue& queue) {
  const auto status = base::error(Reason::kQueueNotFound, fmt::format("queue \"{}\" was deleted", queue.name));
  refuse_waiting(step, queue, status);
  refuse_gets(step, queue.gets, status);
  refuse_joins(step, queue.joins, status);
  std::uint64_t discarded = discard_depth(step, queue);
  discarded += queue.leased.size();
  while (!queue.leased.empty()) {
    refuse_completion(step, *queue.leased.begin(), status);
    discard(step, *queue.leased.begin());
  }
  step.record(model::QueueErased{queue.id});
  step.tables.timers.cancel(queue.request_timer);
  if (queue.keys) step.tables.timers.cancel(*queue.keys);
  std::erase(step.tables.to_settle, &queue);
  std::erase(step.tables.to_count, &queue);
  std::erase(step.tables.touched, &queue);
  step.tables.dead_letter_queues.remove(queue.settings);
  step.tables.queues_by_id.erase(model::number(queue.id));
  step.tables.queues.erase(step.tables.queues.find(queue.name));
  return discarded;
}

void close(Step& step, Queue& queue, bool immediate) {
  if (!queue.closed()) {
    queue.state = model::QueueState::kClosed;
    step.record(queue.record());
    refuse_waiting(step, queue,
                   base::error(Reason::kQueueClosed,
                               fmt::format("queue \"{}\" was closed while the put waited; nothing was put", queue.name)));
  }
  if (immediate) discard_depth(step, queue);
  step.touch(queue);
}

Queue* dead_letter_queue_of(Step& step, const Queue& from) {
  const std::string& name = from.settings.dead_letter_queue;
  if (name.empty()) return nullptr;
  if (Queue* found = step.tables.find_queue(name)) return found;
  // Never refused and never tried again: whoever looks into it decides.
  model::QueueSettings settings;
  settings.capacity = 0;
  settings.retry.max_attempts = 0;
  settings.dead_letter_queue.clear();
  return &create_queue(step, name, settings, {});
}

absl::Status create_pipeline(Step& step, const model::PipelineSpec& spec) {
  if (step.tables.pipelines.contains(spec.name)) {
    return base::error(Reason::kPipelineExists, fmt::format("pipeline \"{}\" exists already; delete it first", spec.name));
  }
  if (step.tables.pipelines.size() >= limits::kMaxPipelines) {
    return base::error(Reason::kLimitReached, fmt::format("there are {} pipelines already", limits::kMaxPipelines));
  }
  for (const auto& stage : spec.stages) {
    if (auto status = check_limits(step, stage); !status.ok()) return status;
  }
  const auto names = queue_names(spec);
  if (auto status = check_queues(step, spec, names); !status.ok()) return status;
  for (const auto& name : names) {
    if (step.tables.find_queue(name) != nullptr) continue;
    const model::QueueSpec* wanted = listed(spec, name);
    create_queue(step, name, wanted != nullptr ? wanted->initial_settings() : model::QueueSpec{name, {}}.initial_settings(),
                 spec.name);
  }
  model::PipelineRecord record{spec.name, {}, step.now, 0};
  for (const auto& stage : spec.stages) record.stages.push_back({stage, StageState::kRunning});
  Pipeline& pipeline = assemble(step, std::move(record));
  step.record(pipeline.record());
  for (const auto& stage : pipeline.stages) tell_workers(step, *stage);
  return absl::OkStatus();
}

Pipeline& assemble(Step& step, model::PipelineRecord record) {
  auto created = std::make_unique<Pipeline>();
  Pipeline& pipeline = *created;
  pipeline.name = std::move(record.name);
  pipeline.create_time = record.create_time;
  pipeline.idle_count = record.idle_count;
  for (auto& stage_record : record.stages) {
    auto& stage = *pipeline.stages.emplace_back(std::make_unique<Stage>());
    stage.pipeline = &pipeline;
    stage.spec = std::move(stage_record.spec);
    stage.state = stage_record.state;
    stage.started = stage.spec.start_workers == 0;
    bind_limits(step, stage);
    stage.input = step.tables.find_queue(stage.spec.input);
    stage.output = step.tables.find_queue(stage.spec.output);
    attach(stage.input->readers, stage);
    if (stage.output != nullptr) attach(stage.output->feeders, stage);
    step.touch(*stage.input);
  }
  pipeline.was_idle = pipeline.idle();
  step.tables.pipelines.emplace(pipeline.name, std::move(created));
  return pipeline;
}

absl::StatusOr<std::uint64_t> delete_pipeline(Step& step, Pipeline& pipeline, bool force) {
  const std::vector<Queue*> own = own_queues(pipeline);
  const auto busy = std::ranges::find_if(own, [](const Queue* queue) { return queue->unfinished() > 0; });
  if (!force && busy != own.end()) {
    return base::error(Reason::kQueueNotEmpty,
                       fmt::format("queue \"{}\" has {}; join or purge it first, or delete with force", (*busy)->name,
                                   base::counted((*busy)->unfinished(), "unfinished item")));
  }
  refuse_joins(step, pipeline.joins,
               base::error(Reason::kPipelineNotFound, fmt::format("pipeline \"{}\" was deleted", pipeline.name)));
  for (const auto& stage : pipeline.stages) {
    dismiss_workers(step, *stage);
    unbind_limits(step, *stage);
    step.out.stage_changes.push_back({pipeline.name, stage->spec, 0, true});
    detach(stage->input->readers, *stage);
    if (stage->output != nullptr) detach(stage->output->feeders, *stage);
    step.touch(*stage->input);
  }
  std::uint64_t discarded = 0;
  for (Queue* queue : own) discarded += remove_queue(step, *queue);
  step.record(model::PipelineErased{pipeline.name});
  step.tables.pipelines.erase(step.tables.pipelines.find(pipeline.name));
  return discarded;
}

void close(Step& step, Pipeline& pipeline, bool immediate) {
  for (Queue* queue : pipeline.entries()) close(step, *queue, immediate);
  if (!immediate) return;
  for (Queue* queue : pipeline.inputs()) {
    discard_depth(step, *queue);
    step.touch(*queue);
  }
}

void set_stage(Step& step, Stage& stage, StageState state, std::uint32_t workers) {
  if (stage.state == state && stage.spec.workers == workers) return;
  stage.state = state;
  stage.spec.workers = workers;
  step.record(stage.pipeline->record());
  tell_workers(step, stage);
  sort_gets(step, stage);
  step.touch(*stage.input);
}

void tell_workers(Step& step, const Stage& stage) {
  step.out.stage_changes.push_back({stage.pipeline->name, stage.spec, stage.wanted_workers(), false});
}

void finish_if_done(Step& step, Stage& stage) {
  if (!stage.open() || stage.workers > 0 || !stage.input->closed() || stage.input->unfinished() > 0) return;
  set_stage(step, stage, StageState::kFinished, stage.spec.workers);
  if (stage.output == nullptr || std::ranges::any_of(stage.output->feeders, &Stage::open)) return;
  close(step, *stage.output, false);
}

}  // namespace sluice::engine
