#include "server/configured.h"

#include <algorithm>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "server/base/errors.h"
#include "server/base/limits.h"

namespace sluice {
namespace {

using base::Time;
using engine::Effects;
using engine::Engine;

// Runs the command and waits until its records are committed.
template <class Command>
absl::Status committed(runtime::Runtime& runtime, Command command) {
  auto done = std::make_shared<std::promise<absl::Status>>();
  auto result = done->get_future();
  runtime.run(std::move(command), [done](absl::Status status) { done->set_value(std::move(status)); });
  if (result.wait_for(limits::kStartTimeout) == std::future_status::ready) return result.get();
  return base::error(base::Reason::kStoreFailed, "the store has not committed the configured queues in time");
}

absl::Status named(const absl::Status& status, const char* kind, const std::string& name) {
  const auto reason = base::reason_of(status);
  if (status.ok() || !reason) return status;
  return base::error(*reason, fmt::format("configured {} \"{}\": {}", kind, name, std::string(status.message())));
}

absl::Status apply_queue(Engine& engine, Time now, const model::QueueSpec& spec, Effects& out) {
  if (!engine.queue(now, spec.name).ok()) return engine.create_queue(now, spec, false, out);
  return engine.update_queue(now, spec.name, spec.settings, out);
}

absl::Status apply_limit(Engine& engine, Time now, const model::LimitSpec& spec, Effects& out) {
  if (!engine.limit(now, spec.name).ok()) return engine.create_limit(now, spec, out);
  return engine.update_limit(now, spec.name,
                             {.max_at_once = spec.max_at_once, .per_second = spec.per_second, .burst = spec.burst}, out);
}

// The same but for the number of workers.
bool same_stages(const engine::PipelineView& view, const model::PipelineSpec& spec) {
  return std::ranges::equal(view.stages, spec.stages, [](const engine::StageView& is, model::StageSpec wanted) {
    wanted.workers = is.spec.workers;
    return is.spec == wanted;
  });
}

absl::Status apply_pipeline(Engine& engine, Time now, const model::PipelineSpec& spec, Effects& out) {
  const auto view = engine.pipeline(now, spec.name);
  if (!view.ok()) return engine.create_pipeline(now, spec, out);
  if (!same_stages(*view, spec)) {
    return base::error(base::Reason::kPipelineExists,
                       "it exists with other stages; delete it first (sluice pipeline rm), or give this one another name");
  }
  for (const auto& queue : spec.queues) {
    if (auto status = apply_queue(engine, now, queue, out); !status.ok()) return status;
  }
  for (std::size_t i = 0; i < spec.stages.size(); ++i) {
    const auto& stage = spec.stages[i];
    if (stage.workers == view->stages[i].spec.workers) continue;
    if (auto status = engine.scale_stage(now, spec.name, stage.name, stage.workers, out); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status apply_schedule(Engine& engine, Time now, const model::ScheduleSpec& spec, Effects& out) {
  if (!engine.schedule(spec.name).ok()) return engine.create_schedule(now, spec, out);
  return engine.update_schedule(now, spec, out);
}

}  // namespace

absl::Status apply_configured(runtime::Runtime& runtime, const std::vector<model::QueueSpec>& queues,
                              const std::vector<model::LimitSpec>& limits, const std::vector<model::PipelineSpec>& pipelines,
                              const std::vector<model::ScheduleSpec>& schedules) {
  return committed(runtime, [&](Engine& engine, Time now, Effects& out) {
    for (const auto& queue : queues) {
      if (auto status = apply_queue(engine, now, queue, out); !status.ok()) return named(status, "queue", queue.name);
    }
    for (const auto& limit : limits) {
      if (auto status = apply_limit(engine, now, limit, out); !status.ok()) return named(status, "limit", limit.name);
    }
    for (const auto& pipeline : pipelines) {
      if (auto status = apply_pipeline(engine, now, pipeline, out); !status.ok()) {
        return named(status, "pipeline", pipeline.name);
      }
    }
    for (const auto& schedule : schedules) {
      if (auto status = apply_schedule(engine, now, schedule, out); !status.ok()) {
        return named(status, "schedule", schedule.name);
      }
    }
    return absl::OkStatus();
  });
}

}  // namespace sluice
