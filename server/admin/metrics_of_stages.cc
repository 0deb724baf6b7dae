#include "server/admin/metrics.h"

#include "server/handlers/exits.h"

namespace sluice::admin {
namespace {

using Type = Exposition::Type;

constexpr std::string_view kSucceeded = "SUCCEEDED";
// What remote workers say of their failures is not counted apart.
constexpr std::string_view kRemoteFailed = "REMOTE_FAILED";

struct ShownStage {
  std::string_view pipeline;
  std::string_view stage;
  std::uint64_t wanted = 0;
  std::uint64_t workers = 0;
  std::uint64_t busy = 0;
  std::uint64_t paused = 0;
  std::uint64_t remote_workers = 0;
  std::uint64_t remote_items = 0;
  StageCounts counts;
};

StageCounts counts_of(const model::StageStatus& status, const engine::StageView& view) {
  StageCounts counts{status.failures, status.run_times};
  counts.items.emplace(kSucceeded, status.succeeded + view.remote_done);
  if (view.remote_failed > 0) counts.items.emplace(kRemoteFailed, view.remote_failed);
  return counts;
}

void write(const std::vector<ShownStage>& stages, Exposition& out) {
  out.family("sluice_stage_workers", Type::kGauge, "Workers alive: busy with an item, or idle.");
  for (const ShownStage& each : stages) {
    out.value({{"pipeline", each.pipeline}, {"stage", each.stage}, {"state", "busy"}}, each.busy);
    out.value({{"pipeline", each.pipeline}, {"stage", each.stage}, {"state", "idle"}}, each.workers - each.busy);
  }
  out.family("sluice_stage_workers_wanted", Type::kGauge, "Workers that the stage is set to have.");
  for (const ShownStage& each : stages) out.value({{"pipeline", each.pipeline}, {"stage", each.stage}}, each.wanted);
  out.family("sluice_stage_remote_workers", Type::kGauge, "Workers on other machines that are attached.");
  for (const ShownStage& each : stages) out.value({{"pipeline", each.pipeline}, {"stage", each.stage}}, each.remote_workers);
  out.family("sluice_stage_remote_items", Type::kGauge, "Items that they hold.");
  for (const ShownStage& each : stages) out.value({{"pipeline", each.pipeline}, {"stage", each.stage}}, each.remote_items);
  out.family("sluice_stage_paused", Type::kGauge, "1 while the stage takes no items.");
  for (const ShownStage& each : stages) out.value({{"pipeline", each.pipeline}, {"stage", each.stage}}, each.paused);
  out.family("sluice_stage_items_total", Type::kCounter,
             "Attempts by what became of them: SUCCEEDED, or the reason of the failure, such as how a child process ended.");
  for (const ShownStage& each : stages) {
    for (const auto& [result, count] : each.counts.items) {
      out.value({{"pipeline", each.pipeline}, {"stage", each.stage}, {"result", result}}, count);
    }
  }
  out.family("sluice_stage_run_seconds", Type::kHistogram, "How long the handler takes for an item.");
  for (const ShownStage& each : stages) out.value({{"pipeline", each.pipeline}, {"stage", each.stage}}, each.counts.run_times);
}

}  // namespace

void StageCounts::add_growth(const StageCounts& before, const StageCounts& now) {
  for (const auto& [result, count] : now.items) {
    const auto found = before.items.find(result);
    items[result] += count - (found == before.items.end() ? 0 : found->second);
  }
  for (std::size_t i = 0; i < run_times.counts.size(); ++i) {
    run_times.counts[i] += now.run_times.counts[i] - before.run_times.counts[i];
  }
  run_times.sum += now.run_times.sum - before.run_times.sum;
}

void write_exits(const handlers::Registry& registry, Exposition& out) {
  out.family("sluice_handler_exits_total", Type::kCounter,
             "How the child processes of a handler have ended: the commands of one item count once.");
  for (const auto& [name, handler] : registry.all()) {
    const auto* parent = dynamic_cast<const handlers::HasChildren*>(handler.get());
    if (parent == nullptr) continue;
    for (const auto& [reason, count] : parent->exits().counts()) out.value({{"handler", name}, {"reason", reason}}, count);
  }
}

void Metrics::write_stages(const std::vector<PipelineSeen>& all, Exposition& out) {
  out.family("sluice_pipelines", Type::kGauge, "Pipelines that there are.");
  out.value({}, std::uint64_t{all.size()});
  std::vector<ShownStage> shown;
  ShownStage others{.pipeline = "_other", .stage = "_other"};
  for (const PipelineSeen& pipeline : all) {
    for (std::size_t i = 0; i < pipeline.stages.size(); ++i) {
      const auto& view = pipeline.view.stages[i];
      const auto& status = pipeline.stages[i];
      auto counts = counts_of(status, view);
      // No name has a blank.
      const bool own = stages_.see(pipeline.view.name + ' ' + view.spec.name, pipeline.view.create_time, counts);
      ShownStage& at = own ? shown.emplace_back(ShownStage{.pipeline = pipeline.view.name, .stage = view.spec.name}) : others;
      at.wanted += view.spec.workers;
      at.workers += status.workers;
      at.busy += std::min(status.busy, status.workers);
      at.remote_workers += view.remote_workers;
      at.remote_items += view.remote_items;
      at.paused += view.state == model::StageState::kPaused ? 1 : 0;
      if (own) at.counts = std::move(counts);
    }
  }
  stages_.forget_unseen();
  if (stages_.has_others()) {
    others.counts = stages_.others();
    shown.push_back(std::move(others));
  }
  write(shown, out);
}

}  // namespace sluice::admin
