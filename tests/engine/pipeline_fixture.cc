// The part of the fixture that is about pipelines.
#include "tests/engine/engine_fixture.h"

namespace sluice::engine::testing {

std::string EngineTest::create_pipeline(std::string_view name, const std::vector<StageLine>& stages,
                                        const std::map<std::string, Settings>& queues) {
  model::PipelineSpec spec;
  spec.name = std::string(name);
  for (const auto& [queue, settings] : queues) {
    spec.queues.emplace_back();
    spec.queues.back().name = queue;
    spec.queues.back().settings = settings.patch();
  }
  for (const StageLine& stage : stages) {
    spec.stages.push_back({.name = stage.name,
                           .input = stage.input,
                           .output = stage.output,
                           .handler = stage.handler,
                           .workers = stage.workers,
                           .start_workers = stage.start_workers,
                           .limits = stage.limits});
  }
  Effects effects;
  const absl::Status status = engine_->create_pipeline(now_, spec, effects);
  carry_out(effects);
  return reason_name(status);
}

std::string EngineTest::close_pipeline(std::string_view name, bool immediate) {
  Effects effects;
  const absl::Status status = engine_->close_pipeline(now_, name, immediate, effects);
  carry_out(effects);
  return reason_name(status);
}

absl::StatusOr<std::uint64_t> EngineTest::remove_pipeline(std::string_view name, bool force) {
  Effects effects;
  auto discarded = engine_->delete_pipeline(now_, name, force, effects);
  carry_out(effects);
  return discarded;
}

std::string EngineTest::scale(std::string_view pipeline, std::string_view stage, std::uint32_t workers) {
  Effects effects;
  const absl::Status status = engine_->scale_stage(now_, pipeline, stage, workers, effects);
  carry_out(effects);
  return reason_name(status);
}

std::string EngineTest::pause_stage(std::string_view pipeline, std::string_view stage) {
  Effects effects;
  const absl::Status status = engine_->pause_stage(now_, pipeline, stage, effects);
  carry_out(effects);
  return reason_name(status);
}

std::string EngineTest::resume_stage(std::string_view pipeline, std::string_view stage) {
  Effects effects;
  const absl::Status status = engine_->resume_stage(now_, pipeline, stage, effects);
  carry_out(effects);
  return reason_name(status);
}

void EngineTest::start_worker(std::string_view pipeline, std::string_view stage) {
  Effects effects;
  engine_->worker_started(now_, pipeline, stage, effects);
  carry_out(effects);
}

void EngineTest::stop_worker(std::string_view pipeline, std::string_view stage) {
  Effects effects;
  engine_->worker_stopped(now_, pipeline, stage, effects);
  carry_out(effects);
}

TestCaller& EngineTest::join_pipeline(std::string_view name, std::optional<std::uint64_t> since) {
  TestCaller& caller = new_caller("join");
  JoinCommand command;
  command.name = std::string(name);
  command.since_idle_count = since;
  Effects effects;
  engine_->join_pipeline(now_, command, caller, effects);
  carry_out(effects);
  return caller;
}

PipelineView EngineTest::pipeline(std::string_view name) {
  auto view = engine_->pipeline(now_, name);
  EXPECT_TRUE(view.ok()) << name << ": " << view.status().message();
  return view.ok() ? *std::move(view) : PipelineView{};
}

model::StageState EngineTest::stage_state(std::string_view pipeline_name, std::string_view stage) {
  for (const StageView& view : pipeline(pipeline_name).stages) {
    if (view.spec.name == stage) return view.state;
  }
  ADD_FAILURE() << pipeline_name << " has no stage " << stage;
  return {};
}

StageChange EngineTest::last_change(std::string_view stage) {
  const auto found = changes_.find(std::string(stage));
  EXPECT_NE(found, changes_.end()) << "no change of stage " << stage;
  return found == changes_.end() ? StageChange{} : found->second;
}

}  // namespace sluice::engine::testing
