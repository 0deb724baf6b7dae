#include "server/engine/gate.h"

#include <algorithm>

#include "server/engine/delivery.h"
#include "server/engine/limit.h"

namespace sluice::engine {

Stage* stage_of(const Queue& queue, const GetCommand& command, const RemoteWorker* worker) {
  if (worker != nullptr) return worker->stage;
  if (command.pipeline.empty()) return nullptr;
  const auto is_it = [&](const Stage* stage) {
    return stage->spec.name == command.stage && stage->pipeline->name == command.pipeline;
  };
  const auto found = std::ranges::find_if(queue.readers, is_it);
  return found == queue.readers.end() ? nullptr : *found;
}

bool wants_its_turn(const Stage& stage) {
  return !is_shut(stage) && !stage.held_gets.empty() && !stage.input->paused && !stage.input->ready.empty();
}

void hold_gets(Stage& stage) {
  auto& line = stage.input->gets;
  for (auto next = line.begin(); next != line.end();) {
    const auto waiting = next++;
    if (waiting->stage != &stage) continue;
    waiting->line = &stage.held_gets;
    stage.held_gets.splice(stage.held_gets.end(), line, waiting);
  }
}

void resume_gets(Stage& stage) {
  for (GetWaiter& waiting : stage.held_gets) waiting.line = &stage.input->gets;
  stage.input->gets.splice(stage.input->gets.end(), stage.held_gets);
}

void end_gets(Step& step, Stage& stage, const GetAnswer& answer) {
  hold_gets(stage);
  while (!stage.held_gets.empty()) end_wait(step, stage.held_gets.front(), GetAnswer(answer));
}

void sort_gets(Step& step, Stage& stage) {
  if (!stage.open()) return end_gets(step, stage, GetAnswer{absl::OkStatus(), {}, true});
  if (is_shut(stage)) return hold_gets(stage);
  if (!stage.in_line) resume_gets(stage);
}

void tend_gate(Step& step, Stage& stage) {
  if (!stage.started && stage.state == model::StageState::kRunning && stage.held_gets.size() >= stage.spec.start_workers) {
    stage.started = true;
    sort_gets(step, stage);
  }
  if (stage.in_line && !wants_its_turn(stage)) leave_lines(step, stage);
  if (!stage.in_line && !is_shut(stage)) resume_gets(stage);
}

}  // namespace sluice::engine
