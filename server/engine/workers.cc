#include "server/engine/workers.h"

#include <fmt/format.h>

#include <utility>

#include "server/engine/gate.h"
#include "server/engine/state.h"

namespace sluice::engine {
namespace {

using base::Reason;
using base::Time;

}  // namespace

void RemoteWorker::take() {
  ++in_flight;
  if (stage != nullptr) ++stage->remote.in_flight;
}

void RemoteWorker::let_go() {
  --in_flight;
  if (stage != nullptr) --stage->remote.in_flight;
}

void RemoteWorker::count_done() {
  ++done;
  if (stage != nullptr) ++stage->remote.done;
}

void RemoteWorker::count_failed() {
  ++failed;
  if (stage != nullptr) ++stage->remote.failed;
}

absl::StatusOr<RemoteWorker*> attach(Step& step, Stage& stage, std::string name, std::string host) {
  Tables& tables = step.tables;
  if (tables.workers.size() >= limits::kMaxRemoteWorkers) {
    return base::error(Reason::kLimitReached, fmt::format("{} workers are attached already, the most that the server allows",
                                                          limits::kMaxRemoteWorkers));
  }
  auto worker = std::make_shared<RemoteWorker>();
  worker->id = model::WorkerId{++tables.last_worker};
  worker->name = std::move(name);
  worker->host = std::move(host);
  worker->stage = &stage;
  worker->pipeline_name = stage.pipeline->name;
  worker->stage_name = stage.spec.name;
  worker->attach_time = step.now;
  ++stage.remote.workers;
  step.touch(*stage.input);
  return tables.workers.emplace(worker->id, std::move(worker)).first->second.get();
}

void detach(Step& step, RemoteWorker& worker) {
  if (worker.stage != nullptr) {
    --worker.stage->remote.workers;
    step.touch(*worker.stage->input);
  }
  step.tables.workers.erase(worker.id);
}

void dismiss_workers(Step& step, Stage& stage) {
  const auto status = base::error(Reason::kPipelineNotFound, fmt::format("pipeline \"{}\" was deleted", stage.pipeline->name));
  end_gets(step, stage, GetAnswer{status, {}, false});
  for (auto& [id, worker] : step.tables.workers) {
    if (worker->stage == &stage) worker->stage = nullptr;
  }
}

WorkerView view_of(const RemoteWorker& worker) {
  return {worker.id,          worker.name,      worker.host, worker.pipeline_name, worker.stage_name,
          worker.attach_time, worker.in_flight, worker.done, worker.failed};
}

absl::StatusOr<Attachment> Engine::attach_worker(Time now, std::string_view pipeline, std::string_view stage, std::string name,
                                                 std::string host, Effects& out) {
  return state_->with_pipeline(now, pipeline, out, [&](Step& step, Pipeline& found) -> absl::StatusOr<Attachment> {
    Stage* wanted = found.find(stage);
    if (wanted == nullptr) return State::no_stage(pipeline, stage);
    const auto worker = attach(step, *wanted, std::move(name), std::move(host));
    if (!worker.ok()) return worker.status();
    return Attachment{(*worker)->id, wanted->spec};
  });
}

void Engine::detach_worker(Time now, model::WorkerId worker, Effects& out) {
  state_->command(now, out, [&](Step& step) {
    const auto found = step.tables.workers.find(worker);
    if (found != step.tables.workers.end()) detach(step, *found->second);
  });
}

std::vector<WorkerView> Engine::list_workers(std::string_view pipeline, std::string_view stage, model::WorkerId after,
                                             std::size_t limit) const {
  std::vector<WorkerView> views;
  const auto& workers = state_->tables.workers;
  for (auto next = workers.upper_bound(after); next != workers.end() && views.size() < limit; ++next) {
    const RemoteWorker& worker = *next->second;
    if (!pipeline.empty() && worker.pipeline_name != pipeline) continue;
    if (!stage.empty() && worker.stage_name != stage) continue;
    views.push_back(view_of(worker));
  }
  return views;
}

}  // namespace sluice::engine
